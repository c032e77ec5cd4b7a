/* The elements of one player: its lanes, strips and bar, and the messages that may stand in their place. */
"use strict";

(() => {
  const { parts } = window.earmark;
  const { make, icon, button, clock } = parts;

  class Frame {
    state(name) {
      this.root.dataset.state = name;
      this.body.dataset.state = name;
    }

    build() {
      this.root.replaceChildren();
      const pictures = new Set((this.root.dataset.pictures || "waveform spectrogram").split(" "));
      this.body = make(this.root, "div", "player-body");
      this.lanes = make(this.body, "div", "player-lanes");
      this.waveform = pictures.has("waveform") ? make(this.lanes, "div", "player-waveform") : null;
      this.segments = make(this.lanes, "div", "player-segments");
      this.timeline = make(this.lanes, "div", "player-timeline", { "aria-hidden": "true", title: "Wheel: zoom" });
      this.spectrogram = pictures.has("spectrogram") ? make(this.lanes, "div", "player-spectrogram") : null;
      this.shade = make(this.lanes, "div", "player-loop", { hidden: "" });
      this.hover = make(this.lanes, "div", "player-hover", { hidden: "" });
      this.hoverText = make(this.hover, "span");
      // The slider is the playhead alone: the lanes hold buttons, which a slider may not.
      this.head = make(this.lanes, "div", "player-head", {
        role: "slider", tabindex: "0", "aria-label": "Position", "aria-valuemin": "0", "aria-valuemax": "0",
        "aria-valuenow": "0",
      });
      this.problem = make(this.body, "div", "player-problem", { role: "alert", hidden: "" });
      this.indexing = make(this.body, "div", "player-indexing", { role: "status", hidden: "" });
      this.strip = this.spectrogram ? make(this.body, "div", "player-overview") : null;
      this.recordingBox = make(this.body, "div", "player-recording", { hidden: "" });
      this.chips = make(this.body, "div", "player-hidden-lanes", { hidden: "" });
      this.buildBar();
      this.tracks = new parts.Lanes(this.segments, this.chips, parts.settings, (start, end) => this.playSegment(start, end));
      this.tracks.set(this.root.dataset.lanes);
      this.gestures = new parts.Gestures(this, this.abort.signal);
      this.drawRecording();
      this.listen();
    }

    buildBar() {
      this.note = make(this.body, "div", "player-note");
      const bar = make(this.body, "div", "player-bar");
      this.button = button(bar, "player-play", "play-fill", "Play", "Play or pause (space)");
      this.button.disabled = true;
      this.clock = make(bar, "span", "player-clock");
      this.now = make(this.clock, "b");
      this.whole = make(this.clock, "span");
      this.loopChip = make(bar, "button", "player-chip", { type: "button", title: "Stop looping (l or Esc)", hidden: "" });
      icon(this.loopChip, "repeat");
      this.loopText = make(this.loopChip, "span");
      icon(this.loopChip, "x");
      const side = make(bar, "div", "player-side");
      this.facts = make(side, "span", "player-facts");
      this.zooms = make(side, "span", "player-zooms", { role: "group", "aria-label": "Zoom", hidden: "" });
      const zoom = (name, label, title, run) => {
        const made = button(this.zooms, "player-tool", name, label, title);
        made.addEventListener("click", run, { signal: this.abort.signal });
        return made;
      };
      this.zoomOut = zoom("zoom-out", "Zoom out", "Zoom out (−)", () => this.zoom(1 / parts.ZOOM_STEP));
      this.zoomIn = zoom("zoom-in", "Zoom in", "Zoom in (+, Ctrl and wheel, pinch)", () => this.zoom(parts.ZOOM_STEP));
      this.zoomLoop = zoom("bounding-box", "Zoom to the loop", "Zoom to the loop (z)", () => this.fitLoop());
      this.zoomFit = zoom("arrows-expand-vertical", "Show all", window.earmark.hotkeys.taken("0") ? "Show all" : "Show all (0)", () => this.fit());
      this.gear = button(side, "player-tool", "sliders", "How the sound is shown", "Frequency scale, window, colours, channel");
      this.gear.hidden = true;
      this.select = make(side, "select", "player-speed form-select form-select-sm", {
        "aria-label": "Speed", title: "Speed ([ and ])", disabled: "",
      });
      for (const value of parts.ensemble.SPEEDS) {
        const option = make(this.select, "option", "", { value });
        option.textContent = `${value}×`;
      }
      this.select.value = String(parts.ensemble.speed);
      this.showTime(0);
    }

    /* A long sound is seen for the first time: how far the server is, and a way out. */
    showIndexing() {
      this.state("indexing");
      this.sound();
      this.indexing.replaceChildren();
      this.indexing.hidden = false;
      const text = make(this.indexing, "span");
      text.textContent = "Drawing this long recording for the first time; it can be heard meanwhile";
      this.indexed = make(this.indexing, "progress", "", { max: "1", "aria-label": "Part of the recording that is drawn" });
      this.indexedText = make(this.indexing, "span", "player-indexed");
      const stop = make(this.indexing, "button", "player-again", { type: "button" });
      stop.textContent = "Stop";
      stop.addEventListener("click", () => {
        this.state("stopped");
        this.indexing.replaceChildren();
        make(this.indexing, "span").textContent = "Not drawn. The sound can be played.";
        const again = make(this.indexing, "button", "player-again", { type: "button" });
        again.textContent = "Draw it";
        again.addEventListener("click", () => {
          this.state("loading");
          this.asked = false;
          this.load();
        }, { signal: this.abort.signal });
      }, { signal: this.abort.signal });
    }

    /* Where the picture would be: what is wrong, in the server's words, and a way to try again. */
    fail(text) {
      this.audio.pause();
      this.state("error");
      this.button.disabled = this.select.disabled = true;
      this.lanes.hidden = this.indexing.hidden = true;
      if (this.strip) this.strip.hidden = true;
      this.problem.replaceChildren();
      this.problem.hidden = false;
      icon(this.problem, "exclamation-triangle");
      const words = make(this.problem, "div");
      make(words, "strong").textContent = "This sound cannot be played";
      make(words, "p").textContent = text;
      const again = make(words, "button", "player-again", { type: "button" });
      icon(again, "arrow-clockwise");
      again.append(" Try again");
      again.addEventListener("click", () => parts.ensemble.replace(this.root), { signal: this.abort.signal });
    }

    showTime(time) {
      const text = clock(time);
      if (this.now.textContent !== text) this.now.textContent = text;
    }
  }

  parts.Frame = Frame;
})();
