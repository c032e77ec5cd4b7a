/* The waveform of the visible part: bars of extremes from afar, a line from near, samples as dots from very near.

   Each channel has a strip of its own. What is at hand is drawn at once, however coarse; what is fine enough for the
   view is fetched and drawn when it comes. Amplitudes are relative to the largest of the whole sound. */
"use strict";

(() => {
  const DOTS_PX = 5;
  const MARGIN = 0.5;

  class Wave {
    /* `facts` as /peaks tells them; `fetchWave(first, last, width, signal)` gives what /wave answers. */
    constructor(container, facts, fetchWave, colours) {
      this.container = container;
      this.facts = facts;
      this.fetchWave = fetchWave;
      this.colours = colours;
      this.pieces = [facts.wave];
      this.wanted = null;
      this.channels = facts.wave.low.length;
      container.style.setProperty("--channels", Math.min(this.channels, 6));
      container.replaceChildren();
      this.canvas = container.appendChild(document.createElement("canvas"));
      for (let c = 0; this.channels > 1 && c < this.channels; c += 1) {
        const name = container.appendChild(document.createElement("span"));
        name.className = "player-channel";
        name.style.top = `${(100 * c) / this.channels}%`;
        name.textContent = this.channels === 2 ? ["left", "right"][c] : `${c + 1}`;
      }
      this.played = container.appendChild(document.createElement("div"));
      this.played.className = "player-played";
      this.playedCanvas = this.played.appendChild(document.createElement("canvas"));
    }

    draw(view) {
      const width = this.container.clientWidth;
      const height = this.container.clientHeight;
      if (!width || !height) return;
      const first = view.from * this.facts.sample_rate;
      const last = view.to * this.facts.sample_rate;
      const piece = this.best(first, last, width);
      const ratio = window.devicePixelRatio || 1;
      for (const canvas of [this.canvas, this.playedCanvas]) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      const pen = this.canvas.getContext("2d");
      const [wave, played, line] = this.colours();
      pen.scale(ratio, ratio);
      const strip = height / this.channels;
      for (let c = 0; c < this.channels; c += 1) {
        const middle = strip * (c + 0.5);
        pen.fillStyle = pen.strokeStyle = wave;
        const scale = (0.46 * strip) / 32767;
        if (piece.step === 1 && last - first < width) this.drawSamples(pen, piece, c, first, last, width, middle, scale);
        else this.drawBars(pen, piece, c, first, last, width, middle, scale);
      }
      const copy = this.playedCanvas.getContext("2d");
      copy.drawImage(this.canvas, 0, 0);
      copy.globalCompositeOperation = "source-in";
      copy.fillStyle = played;
      copy.fillRect(0, 0, this.canvas.width, this.canvas.height);
      // The lines of no sound, under the waveform and never in the colour of what was played.
      pen.globalCompositeOperation = "destination-over";
      pen.fillStyle = line;
      for (let c = 0; c < this.channels; c += 1) {
        pen.fillRect(0, strip * (c + 0.5) - 0.5, width, 1);
        if (c) pen.fillRect(0, strip * c - 0.5, width, 1);
      }
    }

    drawBars(pen, piece, channel, first, last, width, middle, scale) {
      const low = piece.low[channel];
      const high = (piece.high || piece.low)[channel];
      const perPixel = (last - first) / width / piece.step;
      const start = (first - piece.first) / piece.step;
      for (let x = 0; x < width; x += 1) {
        let from = Math.floor(start + x * perPixel);
        const to = Math.min(Math.max(from + 1, Math.ceil(start + (x + 1) * perPixel)), low.length);
        from = Math.max(0, from);
        if (from >= to) continue;
        let least = low[from];
        let most = high[from];
        for (let i = from + 1; i < to; i += 1) {
          if (low[i] < least) least = low[i];
          if (high[i] > most) most = high[i];
        }
        const top = middle - most * scale;
        pen.fillRect(x, top, 1, Math.max(1, middle - least * scale - top));
      }
    }

    drawSamples(pen, piece, channel, first, last, width, middle, scale) {
      const samples = piece.low[channel];
      const pixels = width / (last - first);
      const from = Math.max(0, Math.floor(first) - 1 - piece.first);
      const to = Math.min(samples.length, Math.ceil(last) + 2 - piece.first);
      const x = (i) => (i + piece.first - first) * pixels;
      pen.lineWidth = 1.25;
      pen.lineJoin = "round";
      pen.beginPath();
      for (let i = from; i < to; i += 1) pen.lineTo(x(i), middle - samples[i] * scale);
      pen.stroke();
      if (pixels < DOTS_PX) return;
      const radius = Math.min(3, pixels / 4);
      pen.beginPath();
      for (let i = from; i < to; i += 1) {
        const y = middle - samples[i] * scale;
        pen.moveTo(x(i) + radius, y);
        pen.arc(x(i), y, radius, 0, 2 * Math.PI);
      }
      pen.fill();
    }

    /* The finest piece that covers the view; fetches a finer one when that is too coarse. */
    best(first, last, width) {
      const most = this.facts.frames;
      const covers = (piece) => piece.first <= Math.max(0, first)
        && piece.first + piece.low[0].length * piece.step >= Math.min(most, last);
      const fit = this.pieces.filter(covers).sort((a, b) => a.step - b.step);
      const target = Math.max(1, (last - first) / width);
      if (!fit.length || fit[0].step > target * 1.01) this.want(first, last, width);
      // Not finer than needed by far: bars of a thousand bins each would be slow.
      return fit.find((piece) => piece.step * 16 >= target) || fit[fit.length - 1] || this.facts.wave;
    }

    async want(first, last, width) {
      const margin = (last - first) * MARGIN;
      const from = Math.max(0, Math.floor(first - margin));
      const to = Math.min(this.facts.frames, Math.ceil(last + margin));
      const wish = `${from} ${to} ${width}`;
      if (this.wanted && this.wanted.wish === wish) return;
      if (this.wanted) this.wanted.abort.abort();
      const mine = this.wanted = { wish, abort: new AbortController() };
      try {
        const piece = await this.fetchWave(from, to, Math.ceil(width * (1 + 2 * MARGIN)), mine.abort.signal);
        if (this.wanted !== mine) return;
        this.pieces = [this.facts.wave, piece, ...this.pieces.slice(1, 4)];
        if (this.onArrival) this.onArrival();
      } catch (error) {
        if (error.name !== "AbortError" && this.onFailure) this.onFailure(error);
      } finally {
        if (this.wanted === mine) this.wanted = null;
      }
    }

    /* The played part has its own colour: two layers slide against each other, so that nothing is painted again. */
    progress(x) {
      this.played.style.transform = `translateX(calc(${x}px - 100%))`;
      this.playedCanvas.style.transform = `translateX(calc(100% - ${x}px))`;
    }

    destroy() {
      if (this.wanted) this.wanted.abort.abort();
    }
  }

  window.earmark.parts.Wave = Wave;
})();
