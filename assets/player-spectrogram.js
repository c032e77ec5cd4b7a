/* The spectrogram of the visible part, put together from tiles (explorer/sound/tiles.py) and coloured here.

   A tile is a grey PNG whose greys are levels in decibels; colours, dynamic range and the read-out under the cursor come
   from them without asking the server again. Until the tiles of the right fineness have come, coarser or finer ones that
   are at hand stand in for them. */
"use strict";

(() => {
  const KEPT = 64;
  const AT_ONCE = 4;
  const { clamp } = window.earmark.parts;

  class Spectrogram {
    /* `fetchTile(query, signal)` gives the answer with a tile; `settings` has scale, window, map and range. */
    constructor(container, facts, fetchTile, settings) {
      this.container = container;
      this.facts = facts;
      this.fetchTile = fetchTile;
      this.settings = settings;
      this.tiles = new Map();
      this.loading = new Map();
      this.view = null;
      container.replaceChildren();
      this.canvas = container.appendChild(document.createElement("canvas"));
      this.canvas.setAttribute("role", "img");
      this.canvas.setAttribute("aria-label", "Spectrogram");
      this.axis = container.appendChild(document.createElement("div"));
      this.axis.className = "player-hertz";
      this.axis.setAttribute("aria-hidden", "true");
      this.retune();
    }

    /* Another scale or window: other tiles. */
    retune() {
      this.drop();
      this.hz = this.facts.scales[this.settings.get("scale")];
      this.drawAxis();
      this.recolour();
    }

    /* Another colour map or dynamic range: the same tiles in other colours. */
    recolour() {
      const colours = this.settings.colours(this.settings.get("map"));
      const { floor_db: floor, a_db: perDb } = this.facts.codes;
      const top = this.facts.loudest_db;
      const range = this.settings.get("range");
      this.table = new Uint32Array(256);
      const bytes = new Uint8Array(this.table.buffer);
      for (let code = 0; code < 256; code += 1) {
        const level = (floor + code / perDb - (top - range)) / range;
        const colour = colours[Math.round(clamp(level, 0, 1) * 255)];
        bytes.set([...colour, 255], 4 * code);
      }
      this.ground = `rgb(${colours[0].join()})`;
      this.container.style.background = this.ground;
      this.container.classList.toggle("is-light", colours[0][0] > 128);
      for (const tile of this.tiles.values()) tile.picture = null;
      this.paint();
    }

    draw(view) {
      this.view = view;
      const width = this.container.clientWidth;
      if (!width) return;
      const rate = this.facts.sample_rate;
      const finest = this.facts.tiles.finest;
      this.level = Math.max(finest, Math.round(Math.log2((view.span * rate) / width)));
      const frames = 2 ** this.level * this.facts.tiles.columns;
      const first = Math.floor((view.from * rate) / frames);
      const last = Math.min(Math.ceil((view.to * rate) / frames), Math.ceil(this.facts.frames / frames)) - 1;
      this.wanted = new Set();
      for (let number = first; number <= Math.max(first, last); number += 1) this.wanted.add(this.key(this.level, number));
      this.fetchSome();
      this.paint();
    }

    key(level, number) {
      // From there on the server draws from what it has stored, with one window.
      const window = 2 ** level >= this.facts.stored_hop ? 32 : this.settings.get("window");
      return `window=${window}&scale=${this.settings.get("scale")}&level=${level}&number=${number}`;
    }

    fetchSome() {
      for (const [key, abort] of this.loading) if (!this.wanted.has(key)) { abort.abort(); this.loading.delete(key); }
      const missing = [...this.wanted].filter((key) => !this.tiles.has(key) && !this.loading.has(key));
      for (const key of missing.slice(0, AT_ONCE - this.loading.size)) this.fetchOne(key);
    }

    async fetchOne(key) {
      const abort = new AbortController();
      this.loading.set(key, abort);
      try {
        const answer = await this.fetchTile(key, abort.signal);
        if (!answer.ok) throw new Error(await window.earmark.parts.sentence(answer));
        const bitmap = await createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const pen = canvas.getContext("2d", { willReadFrequently: true });
        pen.drawImage(bitmap, 0, 0);
        const { data } = pen.getImageData(0, 0, bitmap.width, bitmap.height);
        const codes = new Uint8Array(data.length / 4);
        for (let i = 0; i < codes.length; i += 1) codes[i] = data[4 * i];
        if (abort.signal.aborted) return;
        const [level, number] = key.match(/level=(\d+)&number=(\d+)/).slice(1).map(Number);
        this.tiles.set(key, { level, number, codes, width: bitmap.width, height: bitmap.height, picture: null });
        for (const old of this.tiles.keys()) {
          if (this.tiles.size <= KEPT) break;
          if (!this.wanted.has(old)) this.tiles.delete(old);
        }
        if (this.complaint) { this.complaint.remove(); this.complaint = null; }
      } catch (error) {
        if (error.name !== "AbortError") this.complain(error);
        return;
      } finally {
        if (this.loading.get(key) === abort) this.loading.delete(key);
      }
      this.paint();
      this.fetchSome();
    }

    complain(error) {
      if (this.complaint) return;
      this.complaint = this.container.appendChild(document.createElement("div"));
      this.complaint.className = "player-nopicture";
      this.complaint.textContent = error instanceof TypeError ? "The server does not answer." : error.message;
    }

    paint() {
      if (!this.view || !this.wanted) return;
      const ratio = window.devicePixelRatio || 1;
      const width = this.container.clientWidth;
      const height = this.container.clientHeight;
      const box = [Math.round(width * ratio), Math.round(height * ratio)];
      if (this.canvas.width !== box[0]) this.canvas.width = box[0];
      if (this.canvas.height !== box[1]) this.canvas.height = box[1];
      const pen = this.canvas.getContext("2d");
      pen.fillStyle = this.ground;
      pen.fillRect(0, 0, ...box);
      const complete = [...this.wanted].every((key) => this.tiles.has(key));
      const chosen = [...this.tiles].filter(([key]) => !complete || this.wanted.has(key)).map(([, tile]) => tile);
      // The wanted ones last, over whatever else is there.
      chosen.sort((a, b) => (a.level === this.level) - (b.level === this.level) || b.level - a.level);
      for (const tile of chosen) this.paintTile(pen, tile, box);
      this.container.classList.toggle("is-drawn", complete);
    }

    paintTile(pen, tile, [width, height]) {
      const hop = 2 ** tile.level / this.facts.sample_rate;
      const start = tile.number * this.facts.tiles.columns * hop;
      const left = this.view.place(start) * width;
      const right = this.view.place(start + tile.width * hop) * width;
      if (right < 0 || left > width) return;
      if (!tile.picture) tile.picture = this.coloured(tile);
      // Only the visible columns: a tile may be a million pixels wide when a fine view borrows a coarse one.
      const first = Math.max(0, Math.floor((-left / (right - left)) * tile.width) - 1);
      const last = Math.min(tile.width, Math.ceil(((width - left) / (right - left)) * tile.width) + 1);
      const pixels = (right - left) / tile.width;
      pen.drawImage(tile.picture, first, 0, last - first, tile.height, left + first * pixels, 0, (last - first) * pixels, height);
    }

    coloured(tile) {
      const canvas = new OffscreenCanvas(tile.width, tile.height);
      const image = new ImageData(tile.width, tile.height);
      const pixels = new Uint32Array(image.data.buffer);
      for (let i = 0; i < pixels.length; i += 1) pixels[i] = this.table[tile.codes[i]];
      canvas.getContext("2d").putImageData(image, 0, 0);
      return canvas;
    }

    /* What is under the cursor: {hz, db}, db null until the tile is there; `height` 0 at the bottom, 1 at the top. */
    read(time, height) {
      const row = clamp(Math.floor(height * this.hz.length), 0, this.hz.length - 1);
      const frame = time * this.facts.sample_rate;
      const column = Math.floor(frame / 2 ** this.level);
      const number = Math.floor(column / this.facts.tiles.columns);
      const tile = this.tiles.get(this.key(this.level, number));
      const within = column - number * this.facts.tiles.columns;
      const { floor_db: floor, a_db: perDb } = this.facts.codes;
      const known = tile && within < tile.width;
      const code = known ? tile.codes[(tile.height - 1 - row) * tile.width + within] : 0;
      return { hz: this.hz[row], db: known ? floor + code / perDb : null, least: code === 0 };
    }

    /* Where a frequency lies, 0 at the bottom and 1 at the top, by the frequencies of the rows. */
    heightOf(hz) {
      const rows = this.hz;
      let above = rows.findIndex((value) => value >= hz);
      if (above < 0) above = rows.length - 1;
      if (above === 0) return 0.5 / rows.length;
      const share = (hz - rows[above - 1]) / (rows[above] - rows[above - 1]);
      return (above - 0.5 + clamp(share, 0, 1.5)) / rows.length;
    }

    drawAxis() {
      this.axis.replaceChildren();
      const top = this.facts.sample_rate / 2;
      const linear = this.settings.get("scale") === "linear";
      const step = [250, 500, 1000, 2000, 4000, 5000, 10000, 20000, 50000].find((s) => top / s <= 4.5) || 100000;
      const marks = linear
        ? Array.from({ length: Math.floor(top / step) }, (_, i) => (i + 1) * step)
        : [100, 200, 500, 1000, 2000, 4000, 8000, 16000, 32000];
      let last = -1;
      for (const hz of marks) {
        const height = this.heightOf(hz);
        if (hz >= top * 0.97 || hz <= this.hz[0] || height - last < 0.09 || height < 0.04) continue;
        last = height;
        const mark = this.axis.appendChild(document.createElement("span"));
        mark.style.bottom = `${100 * height}%`;
        mark.textContent = hz >= 1000 ? `${hz / 1000} kHz` : `${hz} Hz`;
      }
    }

    drop() {
      for (const abort of this.loading.values()) abort.abort();
      this.loading.clear();
      this.tiles.clear();
    }
  }

  window.earmark.parts.Spectrogram = Spectrogram;
})();
