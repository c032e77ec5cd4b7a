/* What one player shows: the view, and everything that is drawn for it: pictures, time line, lanes, loop and playhead. */
"use strict";

(() => {
  const ADDRESS_MS = 400;
  const { parts } = window.earmark;
  const { make, clock, clamp, colour, sentence, spot, note, withUtterance, visit } = parts;

  class Stage extends parts.Frame {
    drawPictures(facts) {
      const failed = (error) => { this.note.textContent = error.message; };
      if (this.waveform) {
        if (this.wave) this.wave.destroy();
        const fetchWave = async (first, last, width, signal) => {
          const query = `first=${first}&last=${last}&width=${Math.min(width, 8192)}`;
          const answer = await parts.asking.picture(this.root, this.address("wave", query), signal);
          if (!answer.ok) throw new Error(await sentence(answer));
          return answer.json();
        };
        this.wave = new parts.Wave(this.waveform, facts, fetchWave, () => this.colours());
        this.wave.onArrival = () => this.later();
        this.wave.onFailure = failed;
      }
      if (!this.spectrogram) return;
      if (this.picture) this.picture.drop();
      const fetchTile = (query, signal) => parts.asking.picture(this.root, this.address("tile.png", query), signal);
      this.picture = new parts.Spectrogram(this.spectrogram, facts, fetchTile, parts.settings);
      this.overview = new parts.Overview(this.strip, facts, () => this.colours(), {
        move: (from) => this.look(() => this.view.pan(from - this.view.from)),
        zoom: (event) => this.gestures.wheelOver(event, this.strip),
      });
      this.zooms.hidden = this.gear.hidden = false;
      if (!this.panel) {
        this.panel = new parts.Panel(this.body, this.gear, parts.settings, {
          channels: facts.channels, choose: (channel) => this.choose(channel),
        });
      }
    }

    resettle(name) {
      if (name === "hidden") {
        this.tracks.build();
        this.later();
      } else if (this.picture) {
        if (name === "scale" || name === "window") this.picture.retune();
        else this.picture.recolour();
        this.later();
      }
      if (this.panel) this.panel.show();
    }

    colours() {
      return [
        colour(this.body, "--wave", "--muted"),
        colour(this.body, "--wave-played", "--accent", "--bs-primary"),
        colour(this.body, "--line", "--bs-border-color"),
      ];
    }

    /* Change the view as a person wishes: draw it with the next frame, and note it in the address. */
    look(change) {
      if (!this.duration) return;
      change();
      this.following = this.view.contains(this.time);
      this.later();
      clearTimeout(this.noting);
      this.noting = setTimeout(() => {
        const { from, to, whole } = this.view;
        note(this.utterance, { from: whole ? undefined : from, to: whole ? undefined : to });
      }, ADDRESS_MS);
    }

    /* Around the playhead when it is in sight. */
    zoom(factor) {
      const { view, time } = this;
      this.look(() => view.zoom(factor, view.contains(time) ? view.place(time) : 0.5));
    }

    fit() {
      this.look(() => this.view.show(0, this.duration));
    }

    show(from, to) {
      this.look(() => this.view.show(from, to));
    }

    fitLoop() {
      if (!this.loop) return;
      const [start, end] = this.loop;
      const room = (end - start) * 0.05;
      this.show(start - room, end + room);
    }

    later() {
      this.redraw = this.redraw || requestAnimationFrame(() => {
        this.redraw = 0;
        this.drawView();
      });
    }

    drawView() {
      const { view } = this;
      if (!this.duration || !this.width) return;
      this.drawTimeline();
      this.tracks.draw(view);
      if (this.wave) this.wave.draw(view);
      if (this.picture) this.picture.draw(view);
      if (this.overview) this.overview.draw(view);
      if (this.recording) this.recording.draw(() => [colour(this.body, "--line-strong", "--muted"), colour(this.body, "--accent")]);
      this.zoomOut.disabled = this.zoomFit.disabled = view.whole;
      this.zoomIn.disabled = view.span <= view.narrowest * 1.001;
      this.drawLoop();
      this.draw();
    }

    resize() {
      this.width = this.lanes.clientWidth;
      this.later();
    }

    drawTimeline() {
      this.timeline.replaceChildren();
      for (const { time, label } of parts.ticks(this.view, this.width)) {
        const place = this.view.place(time);
        const mark = make(this.timeline, "i", label ? "is-major" : "");
        mark.style.left = `${100 * place}%`;
        // A label that would stick out at the right is left out.
        if (label && (1 - place) * this.width > 8 + 6.2 * label.length) make(mark, "span").textContent = label;
      }
    }

    drawRecording() {
      this.recording = new parts.Recording(this.recordingBox, this.root.dataset.recording, {
        address: (id) => withUtterance(id).href, open: (id) => this.leave(id),
      });
      this.later();
    }

    /* Another utterance is wanted: a page that shows it by itself takes the event, else it is visited. */
    leave(id) {
      const asked = new CustomEvent("earmark:utterance", { detail: id, bubbles: true, cancelable: true });
      if (this.root.dispatchEvent(asked)) visit(withUtterance(id));
    }

    drawLoop() {
      this.shade.hidden = this.loopChip.hidden = !this.loop;
      this.zoomLoop.disabled = !this.loop;
      if (!this.loop) return;
      const [left, right] = this.loop.map((time) => clamp(this.view.place(time), -1, 2));
      this.shade.style.left = `${100 * left}%`;
      this.shade.style.width = `${100 * (right - left)}%`;
      const digits = this.loop[1] - this.loop[0] < 0.1 ? 4 : 2;
      this.loopText.textContent = `${clock(this.loop[0], digits)} – ${clock(this.loop[1], digits)}`;
    }

    draw() {
      const time = this.time;
      const x = this.duration ? this.view.place(time) * this.width : 0;
      this.head.style.transform = `translateX(${clamp(x, -9, this.width + 9)}px)`;
      if (this.wave) this.wave.progress(clamp(x, 0, this.width));
      if (this.overview) this.overview.progress(time);
      this.tracks.mark(this.audio.paused ? null : time);
      this.showTime(time);
      if (this.audio.paused) {
        this.head.setAttribute("aria-valuenow", time.toFixed(2));
        this.head.setAttribute("aria-valuetext", `${clock(time)} of ${clock(this.duration)}`);
      }
    }

    /* Turn the page when the playhead leaves the view, unless the person looks elsewhere. */
    follow() {
      const { time, view } = this;
      if (view.contains(time)) {
        this.following = true;
      } else if (this.following && this.duration) {
        view.show(time - 0.05 * view.span, time + 0.95 * view.span);
        this.later();
      }
    }

    /* Where the address says: the playhead at t=, the view from= to=, or around t= in a long sound. */
    arrive() {
      const { t, from, to } = spot(this.utterance);
      this.view.show(0, this.duration);
      if (from !== undefined && to !== undefined && to > from) this.view.show(from, to);
      else if (t !== undefined && this.duration > 120) this.view.show(t - 5, t + 15);
      if (t !== undefined) this.audio.currentTime = clamp(t, 0, this.duration);
    }
  }

  parts.Stage = Stage;
})();
