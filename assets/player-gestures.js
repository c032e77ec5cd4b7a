/* Pointer, wheel and pinch over a player's lanes.

   Click: seek. Drag: a loop, or an edge of the one there is. Shift-drag, middle-button drag: move the view. Wheel with
   Ctrl or Cmd, or a pinch: zoom around the pointer; a wheel over the time line or the overview zooms without a key. A
   sideways wheel, or Shift and the wheel: move the view. */
"use strict";

(() => {
  const DRAG_PX = 4;
  const EDGE_PX = 7;
  const { clamp, clock } = window.earmark.parts;

  class Gestures {
    constructor(player, signal) {
      this.player = player;
      this.lanes = player.lanes;
      this.fingers = new Map();
      const options = { signal };
      this.lanes.addEventListener("pointerdown", (event) => this.press(event), options);
      this.lanes.addEventListener("pointermove", (event) => this.hover(event), options);
      this.lanes.addEventListener("pointerleave", () => { player.hover.hidden = true; }, options);
      this.lanes.addEventListener("wheel", (event) => this.wheel(event), { ...options, passive: false });
      this.signal = signal;
    }

    place(event) {
      const box = this.lanes.getBoundingClientRect();
      return clamp((event.clientX - box.left - this.lanes.clientLeft) / this.lanes.clientWidth, 0, 1);
    }

    at(event) {
      return clamp(this.player.view.time(this.place(event)), 0, this.player.duration);
    }

    wheel(event) {
      const zooming = event.ctrlKey || event.metaKey || event.altKey || event.target.closest(".player-timeline");
      const { view } = this.player;
      this.turn(event, Boolean(zooming), () => this.place(event), view.span / this.lanes.clientWidth);
    }

    /* Over the overview every wheel zooms, around the middle of the view. */
    wheelOver(event, strip) {
      this.turn(event, true, () => 0.5, this.player.duration / strip.clientWidth);
    }

    turn(event, zooming, place, secondsPerPixel) {
      const { player } = this;
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.shiftKey ? event.deltaY : 0;
      if (!player.duration || (!zooming && !sideways)) return; // the page scrolls
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : 1;
      if (sideways && !event.ctrlKey && !event.metaKey) {
        player.look(() => player.view.pan(sideways * unit * secondsPerPixel));
      } else {
        const amount = clamp(-event.deltaY * unit, -60, 60);
        // A pinch sends small steps, a wheel large ones.
        player.look(() => player.view.zoom(Math.exp(amount / (Math.abs(amount) < 30 ? 50 : 100)), place()));
      }
    }

    press(event) {
      const { player } = this;
      if (!player.duration) return;
      if (event.pointerType === "touch") {
        this.fingers.set(event.pointerId, event);
        const gone = (up) => this.fingers.delete(up.pointerId);
        for (const name of ["pointerup", "pointercancel"]) {
          window.addEventListener(name, gone, { once: true, signal: this.signal });
        }
        if (this.fingers.size === 2) { this.pinch(); return; }
      }
      if (event.target.closest(".player-lane-name, .player-lane-problem")) return;
      if (event.button === 1 || (event.button === 0 && event.shiftKey)) this.drag(event);
      else if (event.button === 0 && !event.target.closest(".player-segment")) this.mark(event);
    }

    /* A gesture ends when the pointer goes up, is taken away, or another gesture begins. */
    begin() {
      if (this.gesture) this.gesture.abort();
      this.gesture = new AbortController();
      return { signal: AbortSignal.any([this.gesture.signal, this.signal]) };
    }

    drag(event) {
      event.preventDefault();
      const { player } = this;
      const options = this.begin();
      let x = event.clientX;
      this.lanes.setPointerCapture(event.pointerId);
      this.lanes.classList.add("is-panning");
      this.lanes.addEventListener("pointermove", (move) => {
        player.look(() => player.view.pan(((x - move.clientX) * player.view.span) / this.lanes.clientWidth));
        x = move.clientX;
      }, options);
      for (const name of ["pointerup", "pointercancel"]) {
        this.lanes.addEventListener(name, () => {
          this.gesture.abort();
          this.lanes.classList.remove("is-panning");
        }, options);
      }
    }

    pinch() {
      const { player } = this;
      const options = this.begin();
      const apart = () => {
        const [a, b] = [...this.fingers.values()];
        return { away: Math.max(12, Math.abs(a.clientX - b.clientX)), middle: (this.place(a) + this.place(b)) / 2 };
      };
      player.setLoop(null);
      let before = apart();
      window.addEventListener("pointermove", (move) => {
        if (!this.fingers.has(move.pointerId)) return;
        this.fingers.set(move.pointerId, move);
        if (this.fingers.size < 2) return;
        const now = apart();
        player.look(() => {
          player.view.zoom(now.away / before.away, before.middle);
          player.view.pan((before.middle - now.middle) * player.view.span);
        });
        before = now;
      }, options);
      window.addEventListener("pointerup", () => this.gesture.abort(), options);
    }

    /* Click: seek. Drag: a loop, or move an edge of the one there is. */
    mark(event) {
      const { player } = this;
      const startX = event.clientX;
      const edge = this.edge(event);
      const anchor = edge >= 0 ? player.loop[1 - edge] : this.at(event);
      const options = this.begin();
      let dragging = false;
      this.lanes.setPointerCapture(event.pointerId);
      this.lanes.addEventListener("pointermove", (move) => {
        if (!dragging && Math.abs(move.clientX - startX) < DRAG_PX) return;
        dragging = true;
        player.setLoop([Math.min(anchor, this.at(move)), Math.max(anchor, this.at(move))]);
      }, options);
      this.lanes.addEventListener("pointerup", (up) => {
        this.gesture.abort();
        const { loop } = player;
        if (!dragging) {
          const time = this.at(up);
          if (loop && (time < loop[0] || time > loop[1])) player.setLoop(null);
          player.seek(time);
        } else if (loop && (player.time < loop[0] || player.time > loop[1])) {
          player.seek(loop[0]);
        }
      }, options);
      // A finger that scrolls the page instead: the browser takes the pointer away.
      this.lanes.addEventListener("pointercancel", () => { this.gesture.abort(); if (dragging) player.setLoop(null); }, options);
    }

    edge(event) {
      const { loop, view } = this.player;
      const near = (time) => Math.abs(view.place(time) - this.place(event)) * this.lanes.clientWidth <= EDGE_PX;
      return loop ? loop.findIndex(near) : -1;
    }

    /* Time, and over the spectrogram frequency and level of the spot. */
    hover(event) {
      const { player } = this;
      if (!player.duration || event.pointerType === "touch") return;
      const x = this.place(event) * this.lanes.clientWidth;
      const time = this.at(event);
      const digits = clamp(Math.ceil(-Math.log10(player.view.span / this.lanes.clientWidth)), 2, 5);
      const words = [clock(time, digits)];
      const picture = player.picture && player.spectrogram.getBoundingClientRect();
      if (picture && event.clientY >= picture.top && event.clientY <= picture.bottom) {
        const { hz, db, least } = player.picture.read(time, (picture.bottom - event.clientY) / picture.height);
        words.push(hz >= 1000 ? `${(hz / 1000).toFixed(2)} kHz` : `${Math.round(hz)} Hz`);
        if (db !== null) words.push(`${least ? "≤ " : ""}${db.toFixed(0).replace("-", "−")} dBFS`);
      }
      this.lanes.style.cursor = this.edge(event) >= 0 ? "ew-resize" : event.shiftKey ? "grab" : "";
      player.hover.hidden = false;
      player.hover.classList.toggle("is-left", x > this.lanes.clientWidth - 190);
      player.hover.style.transform = `translateX(${x}px)`;
      player.hoverText.textContent = words.join(" · ");
    }
  }

  window.earmark.parts.Gestures = Gestures;
})();
