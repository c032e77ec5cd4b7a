/* The part of a sound that a player shows, as plain values: zooming, panning, and the labels of the time axis.

   Times are seconds from the start of the utterance. Nothing here touches the page. */
"use strict";

(() => {
  const FEWEST_FRAMES = 24;
  const ZOOM_STEP = 1.6;
  const STEPS = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30,
    60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000];
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  /* h:mm:ss with so many decimals; halves go to the even digit, as where the server prints the same time. */
  const clock = (seconds, digits = 2) => {
    const scale = 10 ** digits;
    const exact = Math.max(0, seconds) * scale;
    const ticks = exact % 1 === 0.5 ? 2 * Math.round(exact / 2) : Math.round(exact);
    const minutes = Math.floor(ticks / (60 * scale));
    const rest = ((ticks % (60 * scale)) / scale).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
    return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
  };

  /* From `from` to `to`, inside a sound of `duration`; never narrower than a few samples. */
  class View {
    constructor(duration, rate = 16000) {
      this.duration = duration;
      this.rate = rate;
      this.from = 0;
      this.to = duration;
    }

    get span() { return this.to - this.from; }
    get whole() { return this.from <= 0 && this.to >= this.duration; }
    get narrowest() { return Math.min(this.duration, FEWEST_FRAMES / this.rate); }

    /* Where a time lies, 0 at the left edge and 1 at the right. */
    place(time) { return this.span > 0 ? (time - this.from) / this.span : 0; }
    time(place) { return this.from + place * this.span; }
    contains(time) { return time >= this.from && time <= this.to; }

    show(from, to) {
      const span = clamp(to - from, this.narrowest, this.duration);
      const middle = (from + to) / 2;
      this.from = clamp(middle - span / 2, 0, this.duration - span);
      this.to = this.from + span;
      if (this.to > this.duration * (1 - 1e-12)) this.to = this.duration;
    }

    /* Factor 2 shows half as much; the time under `place` stays where it is. */
    zoom(factor, place = 0.5) {
      const anchor = this.time(place);
      const span = clamp(this.span / factor, this.narrowest, this.duration);
      const from = clamp(anchor - place * span, 0, this.duration - span);
      this.show(from, from + span);
    }

    pan(seconds) {
      const from = clamp(this.from + seconds, 0, this.duration - this.span);
      this.show(from, from + this.span);
    }
  }

  /* The marks of the axis: [{time, label}] with a label on every fifth, no closer than labels are wide. */
  function ticks(view, width) {
    const long = view.duration >= 60;
    const label = (time, digits) => (long ? clock(time, digits) : time ? time.toFixed(digits) : "0 s");
    let step = STEPS[STEPS.length - 1];
    let digits = 0;
    for (const candidate of STEPS) {
      const decimals = candidate >= 1 ? 0 : Math.ceil(-Math.log10(candidate) - 1e-9);
      const room = 22 + 6.2 * label(view.to, decimals).length;
      if ((candidate / view.span) * width >= Math.max(64, room)) {
        step = candidate;
        digits = decimals;
        break;
      }
    }
    const minor = step / 5;
    const marks = [];
    const first = Math.ceil(view.from / minor - 1e-6);
    for (let i = first; i * minor <= view.to + minor * 1e-6 && marks.length < 400; i += 1) {
      marks.push({ time: i * minor, label: i % 5 === 0 ? label((i / 5) * step, digits) : "" });
    }
    return marks;
  }

  Object.assign(window.earmark.parts, { View, ticks, clock, clamp, ZOOM_STEP });
})();
