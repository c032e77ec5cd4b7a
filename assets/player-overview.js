/* Two strips for finding one's way: the whole utterance with a window over what is shown, and the whole recording with
   all its utterances, of which this is one. */
"use strict";

(() => {
  const SHORT = 20;
  const { clock, clamp } = window.earmark.parts;

  /* A small picture of the whole sound. Drag the window to move the view, click beside it to go there. */
  class Overview {
    constructor(container, facts, colours, { move, zoom }) {
      Object.assign(this, { container, facts, colours, move });
      container.replaceChildren();
      container.title = "Drag to move the view; click to go there";
      this.canvas = container.appendChild(document.createElement("canvas"));
      this.window = container.appendChild(document.createElement("div"));
      this.window.className = "player-window";
      this.head = container.appendChild(document.createElement("div"));
      this.head.className = "player-overview-head";
      container.onpointerdown = (event) => this.press(event);
      container.onwheel = (event) => zoom(event);
    }

    draw(view) {
      this.view = view;
      this.window.style.left = `${(100 * view.from) / view.duration}%`;
      this.window.style.width = `${(100 * view.span) / view.duration}%`;
      this.container.classList.toggle("is-whole", view.whole);
      // A short sound that is shown whole is its own overview.
      this.container.classList.toggle("is-short", view.duration < SHORT);
      if (!this.container.clientWidth) return;
      const ratio = window.devicePixelRatio || 1;
      const width = Math.round(this.container.clientWidth * ratio);
      const height = Math.round(this.container.clientHeight * ratio);
      const [colour] = this.colours();
      if (this.drawn === `${width} ${height} ${colour}`) return;
      this.drawn = `${width} ${height} ${colour}`;
      this.canvas.width = width;
      this.canvas.height = height;
      const pen = this.canvas.getContext("2d");
      pen.fillStyle = colour;
      const { low, high, step } = this.facts.wave;
      const bins = this.facts.frames / step;
      for (let x = 0; x < width; x += 1) {
        const from = Math.floor((x / width) * bins);
        const to = Math.max(from + 1, Math.ceil(((x + 1) / width) * bins));
        let size = 0;
        for (const part of high ? [...low, ...high] : low) {
          for (let i = from; i < to && i < part.length; i += 1) size = Math.max(size, Math.abs(part[i]));
        }
        const tall = Math.max(1, (size / 32767) * (height - 4 * ratio));
        pen.fillRect(x, (height - tall) / 2, 1, tall);
      }
    }

    progress(time) {
      this.head.style.transform = `translateX(${(time / this.facts.duration) * this.container.clientWidth}px)`;
    }

    press(event) {
      if (event.button !== 0 || !this.view) return;
      event.stopPropagation();
      const box = this.container.getBoundingClientRect();
      const at = (e) => ((e.clientX - box.left) / box.width) * this.view.duration;
      const start = at(event);
      const inside = this.view.contains(start);
      let from = inside ? this.view.from : start - this.view.span / 2;
      if (!inside) this.move(from);
      from = this.view.from;
      const done = new AbortController();
      this.container.setPointerCapture(event.pointerId);
      this.container.addEventListener("pointermove", (e) => this.move(from + at(e) - start), { signal: done.signal });
      for (const name of ["pointerup", "pointercancel"]) {
        this.container.addEventListener(name, () => done.abort(), { signal: done.signal });
      }
    }
  }

  /* The recording that this utterance is cut from: {start, end, duration, before, after, others: [[id, start, end, text]]}
     in seconds from the file's start. `address(id)` is the page of another utterance, `open(id)` goes there. */
  class Recording {
    constructor(container, text, { address, open }) {
      this.container = container;
      container.replaceChildren();
      this.known = text ? JSON.parse(text) : null;
      container.hidden = !this.known;
      if (!this.known) return;
      this.open = open;
      this.step(this.known.before, "chevron-left", "Previous in this recording", "K", address);
      this.strip = container.appendChild(document.createElement("div"));
      this.strip.className = "player-recording-strip";
      this.canvas = this.strip.appendChild(document.createElement("canvas"));
      this.step(this.known.after, "chevron-right", "Next in this recording", "J", address);
      this.label = container.appendChild(document.createElement("span"));
      this.label.className = "player-recording-label";
      this.tell(null);
      this.strip.onpointermove = (event) => this.tell(this.find(event));
      this.strip.onpointerleave = () => this.tell(null);
      this.strip.onclick = (event) => {
        const found = this.find(event);
        if (found && found[0] !== this.known.id) open(found[0]);
      };
    }

    step(id, icon, help, key, address) {
      const link = this.container.appendChild(document.createElement(id ? "a" : "span"));
      link.className = "player-recording-step icon-button";
      link.title = `${help} (${key})`;
      link.appendChild(document.createElement("i")).className = `bi bi-${icon}`;
      if (!id) {
        link.setAttribute("aria-hidden", "true");
        return;
      }
      link.setAttribute("aria-label", help);
      link.dataset.hotkey = key;
      link.dataset.hotkeyHelp = help.toLowerCase();
      link.href = address(id);
      link.onclick = (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.open(id);
      };
    }

    tell(found) {
      const [, start, end, text] = found || [];
      const { place, count } = this.known;
      this.label.textContent = found
        ? `${clock(start)} to ${clock(end)} ${text || ""}`
        : `Utterance ${place.toLocaleString("en")} of ${count.toLocaleString("en")} in this recording of ${clock(this.known.duration, 0)}`;
      this.strip.classList.toggle("is-over", Boolean(found) && found[0] !== this.known.id);
    }

    find(event) {
      const box = this.strip.getBoundingClientRect();
      const time = clamp((event.clientX - box.left) / box.width, 0, 1) * this.known.duration;
      const near = (3 / box.width) * this.known.duration;
      let best = null;
      for (const other of this.known.others) {
        const away = Math.max(other[1] - time, time - other[2], 0);
        // Of several under the pointer the shortest: it may lie inside the others.
        const worse = best && (away > best[0] || (away === best[0] && other[2] - other[1] >= best[1][2] - best[1][1]));
        if (away <= near && !worse) best = [away, other];
      }
      return best && best[1];
    }

    draw(colours) {
      if (!this.known) return;
      const ratio = window.devicePixelRatio || 1;
      const width = this.strip.clientWidth * ratio;
      const height = this.strip.clientHeight * ratio;
      if (!width || !height) return;
      this.canvas.width = width;
      this.canvas.height = height;
      const pen = this.canvas.getContext("2d");
      const { start, end, duration, others } = this.known;
      const bar = (from, to, top, bottom, colour) => {
        pen.fillStyle = colour;
        const left = (from / duration) * width;
        // A hair of ground between neighbours that touch.
        pen.fillRect(left, top * height, Math.max(ratio, ((to - from) / duration) * width - ratio), (bottom - top) * height);
      };
      const [other, here] = colours();
      bar(start, end, 0, 1, here);
      for (const [id, from, to] of others) if (id !== this.known.id) bar(from, to, 0.25, 0.75, other);
    }
  }

  Object.assign(window.earmark.parts, { Overview, Recording });
})();
