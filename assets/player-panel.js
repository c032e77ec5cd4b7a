/* The little panel of a player: frequency scale, window, dynamic range, colours, and the channel of this sound. */
"use strict";

(() => {
  let numbers = 0;

  class Panel {
    /* `channels` of the sound; `choose(channel)` is called with "mix" or a number as text. */
    constructor(parent, button, settings, { channels, choose }) {
      this.settings = settings;
      this.fields = {};
      numbers += 1;
      this.box = parent.appendChild(document.createElement("div"));
      this.box.className = "player-panel";
      this.box.id = `player-panel-${numbers}`;
      this.box.hidden = true;
      button.setAttribute("aria-controls", this.box.id);
      button.setAttribute("aria-expanded", "false");
      button.onclick = () => {
        this.box.hidden = !this.box.hidden;
        button.setAttribute("aria-expanded", String(!this.box.hidden));
      };
      if (channels > 1) {
        const named = Array.from({ length: channels }, (_, i) => [String(i), channels === 2 ? ["1 (left)", "2 (right)"][i] : `${i + 1}`]);
        const field = this.select("Channel", [["mix", "All channels"], ...named],
          "What is drawn and heard; of all channels every waveform, and the spectrogram of their mean");
        field.onchange = () => { choose(field.value); field.blur(); };
        this.channel = field;
      }
      this.setting("scale", "Frequency", "Mel is Slaney's scale; logarithmic begins at 50 Hz");
      this.setting("window", "Window", "Long: fine frequencies. Short: fine times. Zoomed far out it is always 32 ms");
      const range = this.field("Dynamic range", "From the loudest cell down to black");
      const slider = range.appendChild(document.createElement("input"));
      Object.assign(slider, { type: "range", min: 30, max: 110, step: 5 });
      slider.setAttribute("aria-label", "Dynamic range in dB");
      const told = range.appendChild(document.createElement("output"));
      slider.oninput = () => settings.set("range", Number(slider.value));
      this.fields.range = { show: (value) => { slider.value = value; told.textContent = `${value} dB`; } };
      this.setting("map", "Colours", "Quiet to loud; all rise or fall evenly in lightness").after(this.ramp = document.createElement("i"));
      this.ramp.className = "player-ramp";
      const reset = this.box.appendChild(document.createElement("button"));
      reset.type = "button";
      reset.className = "btn btn-link btn-sm player-reset";
      reset.textContent = "Reset";
      reset.onclick = () => settings.reset();
      this.show();
    }

    field(label, help) {
      const line = this.box.appendChild(document.createElement("label"));
      line.title = help;
      line.appendChild(document.createElement("span")).textContent = label;
      return line;
    }

    select(label, choices, help) {
      const field = this.field(label, help).appendChild(document.createElement("select"));
      field.className = "form-select form-select-sm";
      for (const [value, text] of choices) field.appendChild(new Option(text, value));
      return field;
    }

    setting(name, label, help) {
      const field = this.select(label, this.settings.choices[name], help);
      const number = typeof this.settings.get(name) === "number";
      field.dataset.setting = name;
      field.onchange = () => { this.settings.set(name, number ? Number(field.value) : field.value); field.blur(); };
      this.fields[name] = { show: (value) => { field.value = value; } };
      return field;
    }

    show() {
      for (const [name, field] of Object.entries(this.fields)) field.show(this.settings.get(name));
      this.ramp.style.background = this.settings.gradient(this.settings.get("map"));
    }
  }

  window.earmark.parts.Panel = Panel;
})();
