/* The player of the utterance under review, and, out of sight, that of the next one: its waveform, spectrogram and sound
   are there when it is wanted. Players are made here as explorer/components/player.py makes them. */
"use strict";

(() => {
  const { parts } = window.earmark;
  const review = window.earmark.review = window.earmark.review || {};
  const KEPT = 3;
  const LEAD = 0.05; // s before a word, so that its onset is heard

  class Stage {
    constructor(box) {
      this.box = box;
      this.frames = new Map(); // utterance -> element, the last used last
      this.shown = null;
      this.endAt = null;
    }

    /* The player element of a sheet, made if it is not there. */
    frame(sheet) {
      let frame = this.frames.get(sheet.id);
      if (!frame) {
        frame = document.createElement("div");
        frame.className = "review-frame";
        const player = frame.appendChild(document.createElement("div"));
        player.className = "player";
        player.id = `review-player-${sheet.id}`;
        player.setAttribute("role", "group");
        player.setAttribute("aria-label", "Player");
        for (const [name, value] of Object.entries(sheet.player)) player.setAttribute(name, value);
        this.box.appendChild(frame);
      }
      this.frames.delete(sheet.id);
      this.frames.set(sheet.id, frame);
      for (const id of [...this.frames.keys()]) {
        if (this.frames.size <= KEPT) break;
        if (id !== this.shown) this.drop(id);
      }
      return frame;
    }

    drop(id) {
      const frame = this.frames.get(id);
      if (frame) frame.remove();
      this.frames.delete(id);
    }

    show(sheet) {
      const before = this.frames.get(this.shown);
      const frame = this.frame(sheet);
      if (before && before !== frame) {
        window.earmark.player.pause(before);
        this.hide(before);
      }
      this.shown = sheet.id;
      frame.classList.add("is-shown");
      frame.inert = false;
      const player = this.player;
      if (player) {
        parts.ensemble.active = player;
        player.audio.preload = "auto";
      }
    }

    prepare(sheet) {
      if (sheet.id === this.shown) return;
      const frame = this.frame(sheet);
      this.hide(frame);
      // The observer of players makes it in a moment; then its sound is asked for, too.
      requestAnimationFrame(() => {
        const player = parts.ensemble.find(frame);
        if (player) player.audio.preload = "auto";
      });
    }

    hide(frame) {
      frame.classList.remove("is-shown");
      frame.inert = true;
    }

    get element() {
      const frame = this.frames.get(this.shown);
      return frame ? frame.firstChild : null;
    }

    get player() {
      return this.element ? parts.ensemble.find(this.element) : null;
    }

    /* Whether the sound could be heard at once. */
    get ready() {
      const player = this.player;
      return Boolean(player) && player.root.dataset.state === "ready" && player.audio.readyState >= 2;
    }

    toggle() {
      if (this.player) this.player.toggle();
    }

    play() {
      // A player that has just been put into the page is made with the next frame.
      requestAnimationFrame(() => { if (this.player) this.player.play(); });
    }

    step(seconds) {
      if (this.player) this.player.seek(this.player.time + seconds);
    }

    playFrom(time) {
      if (!this.player) return;
      this.player.setLoop(null);
      this.player.seek(Math.max(0, time - LEAD));
      this.player.play();
    }

    /* Loop a stretch, or stop looping when that is on; the whole utterance when none is told. */
    loop(from, to) {
      const player = this.player;
      if (!player) return;
      if (player.loop) {
        player.setLoop(null);
        return;
      }
      const start = from ?? 0;
      const end = to ?? player.duration;
      player.setLoop([Math.max(0, start - LEAD), Math.min(player.duration || end, end + LEAD)]);
      player.seek(Math.max(0, start - LEAD));
      player.play();
    }

    faster(step) {
      const { SPEEDS, speed, setSpeed } = parts.ensemble;
      const place = SPEEDS.findIndex((value) => value >= speed) + step;
      setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, place))]);
      return parts.ensemble.speed;
    }

    clear() {
      for (const id of [...this.frames.keys()]) this.drop(id);
      this.shown = null;
    }
  }

  review.Stage = Stage;
})();
