/* Lanes under the waveform: speech, words, speaker turns and whatever else has a start, an end and a label.

   A lane is {name, kind, segments: [[start, end, label]...], problem}. Each has a line with its name, which hides it (a
   button under the player brings it back, and the browser remembers); a click on a segment plays it; while sound plays,
   the segment under the playhead is marked. Of a lane with thousands of segments only the visible ones are drawn, and
   where they are too close to be told apart, one block stands for several. */
"use strict";

(() => {
  const NARROW_PX = 3;
  const LABEL_PX = 14;
  const { clock } = window.earmark.parts;
  const HUES = 8;

  /* The same speaker has the same colour in every lane and file. */
  const hue = (label) => [...label].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) >>> 0, 7) % HUES;

  /* The first segment that ends after a time; segments are in order of their starts. */
  function firstAfter(lane, time) {
    let low = 0;
    let high = lane.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      // Overlapping turns may end later than their followers: the running maximum of the ends is in order.
      if (lane.ends[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  class Lanes {
    /* `chips` is where buttons for hidden lanes go; `play(start, end)` plays a stretch. */
    constructor(container, chips, settings, play) {
      Object.assign(this, { container, chips, settings, play, lanes: [], rows: [] });
    }

    /* Take other lanes; a text that is no list of lanes counts as none. */
    set(text) {
      let given = [];
      try {
        given = JSON.parse(text || "[]");
      } catch {
        given = [];
      }
      this.lanes = given.map((lane) => {
        const segments = lane.segments.filter(([start, end]) => end > start).sort((a, b) => a[0] - b[0]);
        let latest = -Infinity;
        return { ...lane, segments, ends: segments.map(([, end]) => { latest = Math.max(latest, end); return latest; }) };
      });
      this.build();
    }

    build() {
      const hidden = new Set(this.settings.get("hidden"));
      this.container.replaceChildren();
      this.chips.replaceChildren();
      this.rows = [];
      for (const lane of this.lanes) {
        if (hidden.has(lane.name)) this.offer(lane);
        else this.rows.push(this.row(lane));
      }
      this.container.hidden = !this.rows.length;
      this.chips.hidden = !this.chips.childElementCount;
    }

    row(lane) {
      const line = this.container.appendChild(document.createElement("div"));
      line.className = `player-lane is-${lane.kind}`;
      line.dataset.lane = lane.name;
      const band = line.appendChild(document.createElement("div"));
      band.className = "player-lane-band";
      const name = line.appendChild(document.createElement("button"));
      name.type = "button";
      name.className = "player-lane-name";
      name.title = `Hide ${lane.name}`;
      name.setAttribute("aria-label", `Hide ${lane.name}`);
      name.append(lane.name);
      name.appendChild(document.createElement("i")).className = "bi bi-x";
      name.addEventListener("click", () => this.hide(lane.name));
      if (lane.problem) {
        const text = band.appendChild(document.createElement("span"));
        text.className = "player-lane-problem";
        text.textContent = text.title = lane.problem;
      } else if (!lane.segments.length) {
        const text = band.appendChild(document.createElement("span"));
        text.className = "player-lane-empty";
        text.textContent = `no ${lane.kind === "speech" ? "speech" : lane.kind} in this stretch`;
      }
      return { lane, band, shown: [], now: null };
    }

    offer(lane) {
      const button = this.chips.appendChild(document.createElement("button"));
      button.type = "button";
      button.className = "player-chip is-quiet";
      button.setAttribute("aria-label", `Show ${lane.name}`);
      button.appendChild(document.createElement("i")).className = "bi bi-plus";
      button.append(lane.name);
      button.addEventListener("click", () => {
        this.settings.set("hidden", this.settings.get("hidden").filter((name) => name !== lane.name));
      });
    }

    hide(name) {
      this.settings.set("hidden", [...new Set([...this.settings.get("hidden"), name])]);
    }

    draw(view) {
      const width = this.container.clientWidth || 1;
      for (const row of this.rows) this.drawRow(row, view, width);
    }

    drawRow(row, view, width) {
      if (row.lane.problem || !row.lane.segments.length) return;
      row.band.replaceChildren();
      row.shown = [];
      row.now = null;
      const least = (NARROW_PX / width) * view.span;
      const { segments } = row.lane;
      for (let i = firstAfter(row.lane, view.from); i < segments.length && segments[i][0] < view.to;) {
        const [start] = segments[i];
        let end = segments[i][1];
        let next = i + 1;
        // What would be narrower than a few pixels is drawn together with its neighbours.
        while (next < segments.length && segments[next][0] - start < least) {
          end = Math.max(end, segments[next][1]);
          next += 1;
        }
        if (end > view.from) this.drawSegment(row, start, end, next - i === 1 ? segments[i][2] : "", next - i, view, width);
        i = next;
      }
    }

    drawSegment(row, start, end, label, count, view, width) {
      const left = Math.max(0, view.place(start));
      const right = Math.min(1, view.place(end));
      const what = count > 1 ? `${count} ${row.lane.kind}` : label || row.lane.kind;
      const title = `${what}, ${clock(start)} to ${clock(end)}`;
      const box = row.band.appendChild(document.createElement("button"));
      box.type = "button";
      box.className = `player-segment${count > 1 ? " is-many" : ""}`;
      box.title = title;
      box.tabIndex = -1;
      box.setAttribute("aria-label", `Play ${title}`);
      box.dataset.label = label;
      if (row.lane.kind === "speakers" && count === 1) box.classList.add(`hue-${hue(label)}`);
      box.style.left = `${100 * left}%`;
      box.style.width = `${100 * (right - left)}%`;
      if ((right - left) * width > LABEL_PX) box.appendChild(document.createElement("span")).textContent = label;
      box.addEventListener("click", () => this.play(start, end));
      row.shown.push({ start, end, box });
    }

    /* Mark what is being heard; touches the page only when that changes. */
    mark(time) {
      for (const row of this.rows) {
        const now = time === null ? null : row.shown.find(({ start, end }) => time >= start && time < end) || null;
        if (now === row.now) continue;
        if (row.now) row.now.box.classList.remove("is-now");
        if (now) now.box.classList.add("is-now");
        row.now = now;
      }
    }
  }

  window.earmark.parts.Lanes = Lanes;
})();
