/* The player: waveform, spectrogram, time line, segments and one playhead over all of them.

   It fills every element
       <div class="player" data-src="/media/CORPUS/ID" data-lanes="waveform spectrogram"
            data-segments='[[start, end, "label"], ...]' data-group="NAME">
   that is or comes into the page (explorer/components/player.py makes them), follows when the attributes change, and
   cleans up when the element leaves. Peaks, picture and sound come from explorer/media.py; when they cannot, the
   server's sentence stands where the picture would be. data-state tells "loading", "ready" or "error"; the element has
   the class of that name too. Pictures are loaded when the element comes near the screen. One player plays at a time.

   For pages (an element is a .player, something inside it, or a CSS selector):
       earmark.player.play(element)                  earmark.player.pause(element)
       earmark.player.toggle(element)                earmark.player.seek(element, seconds)
       earmark.player.position(element)              seconds
       earmark.player.playSegment(element, start, end)    play that stretch once
       earmark.player.switchTo(element)              go on at the same position in another player of the same group;
                                                     if none of the group plays, play from the group's last position
       earmark.player.active()                       the element that the keys act on, or null
   In HTML alone, on anything that can be clicked:
       data-play="1.2 1.9"                           play that stretch in the active player
       data-play="1.2 1.9" data-player="#selector"   in that one
       data-switch-to="#selector"                    switchTo

   Times are seconds from the start of the utterance. The playhead is moved with the display's refresh while sound
   plays, and not at all otherwise. wavesurfer.js draws the waveform. */
"use strict";

window.earmark = window.earmark || {};

(() => {
  const SPEEDS = [0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5];
  const DRAG_PX = 4;
  const EDGE_PX = 7;
  const PATIENCE_MS = 300;
  const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  const players = new Map();
  let active = null;
  let speed = 1;

  /* ---- small things ---- */

  const make = (parent, name, className, attributes = {}) => {
    const element = parent.appendChild(document.createElement(name));
    if (className) element.className = className;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const icon = (parent, name) => make(parent, "i", `bi bi-${name}`, { "aria-hidden": "true" });
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const clock = (seconds, digits = 2) => {
    const scale = 10 ** digits;
    const exact = Math.max(0, seconds) * scale;
    // Halves go to the even digit, as where the server prints the same time.
    const ticks = exact % 1 === 0.5 ? 2 * Math.round(exact / 2) : Math.round(exact);
    const minutes = Math.floor(ticks / (60 * scale));
    const rest = ((ticks % (60 * scale)) / scale).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
    return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
  };
  const prefix = () => {
    const config = document.getElementById("_dash-config");
    return config ? (JSON.parse(config.textContent).requests_pathname_prefix || "/").replace(/\/$/, "") : "";
  };
  const colour = (element, ...names) => {
    const style = getComputedStyle(element);
    for (const name of names) {
      const found = style.getPropertyValue(name).trim();
      if (found) return found;
    }
    return style.color;
  };
  const parse = (text) => {
    try {
      return JSON.parse(text || "[]").filter(([start, end]) => end > start);
    } catch {
      return [];
    }
  };

  /* The server's sentence for a failed answer. */
  async function sentence(answer) {
    try {
      return (await answer.json()).error || `The server answered ${answer.status}.`;
    } catch {
      return `The server could not prepare this sound (status ${answer.status}); its log says why.`;
    }
  }

  /* ---- one player ---- */

  class Player {
    constructor(root) {
      this.root = root;
      this.source = root.dataset.src;
      this.abort = new AbortController();
      this.duration = 0;
      this.loop = null;
      this.stopAt = null;
      this.asked = false;
      this.frame = 0;
      this.width = 0;
      this.wave = null;
      this.sized = null;
      this.audio = new Audio();
      this.audio.preload = "metadata";
      this.audio.defaultPlaybackRate = this.audio.playbackRate = speed;
      this.audio.preservesPitch = true;
      this.waiting = new Promise((resolve) => { this.becomeReady = resolve; });
      this.build();
      this.state("loading");
      // Many players in a list: only those near the screen ask the server for anything.
      this.near = new IntersectionObserver((entries) => {
        if (entries.some((entry) => entry.isIntersecting)) this.load();
      }, { rootMargin: "300px" });
      this.near.observe(root);
    }

    state(name) {
      this.root.dataset.state = name;
      this.body.dataset.state = name;
    }

    build() {
      this.root.replaceChildren();
      const lanes = new Set((this.root.dataset.lanes || "waveform spectrogram").split(" "));
      this.body = make(this.root, "div", "player-body");
      this.lanes = make(this.body, "div", "player-lanes", {
        role: "slider", tabindex: "0", "aria-label": "Position", "aria-valuemin": "0", "aria-valuemax": "0",
        "aria-valuenow": "0",
      });
      this.waveform = lanes.has("waveform") ? make(this.lanes, "div", "player-waveform") : null;
      this.segments = make(this.lanes, "div", "player-segments");
      this.timeline = make(this.lanes, "div", "player-timeline", { "aria-hidden": "true" });
      this.spectrogram = lanes.has("spectrogram") ? make(this.lanes, "div", "player-spectrogram") : null;
      this.shade = make(this.lanes, "div", "player-loop", { hidden: "" });
      this.hover = make(this.lanes, "div", "player-hover", { hidden: "" });
      this.hoverText = make(this.hover, "span");
      this.head = make(this.lanes, "div", "player-head");
      this.problem = make(this.body, "div", "player-problem", { role: "alert", hidden: "" });
      this.buildBar();
      this.listen();
    }

    buildBar() {
      this.note = make(this.body, "div", "player-note");
      const bar = make(this.body, "div", "player-bar");
      this.button = make(bar, "button", "player-play", {
        type: "button", "aria-label": "Play", title: "Play or pause (space)", disabled: "",
      });
      icon(this.button, "play-fill");
      this.clock = make(bar, "span", "player-clock");
      this.now = make(this.clock, "b");
      this.whole = make(this.clock, "span");
      this.loopChip = make(bar, "button", "player-chip", { type: "button", title: "Stop looping (l or Esc)", hidden: "" });
      icon(this.loopChip, "repeat");
      this.loopText = make(this.loopChip, "span");
      icon(this.loopChip, "x");
      const side = make(bar, "div", "player-side");
      this.facts = make(side, "span", "player-facts");
      this.select = make(side, "select", "player-speed form-select form-select-sm", {
        "aria-label": "Speed", title: "Speed ([ and ])", disabled: "",
      });
      for (const value of SPEEDS) {
        const option = make(this.select, "option", "", { value });
        option.textContent = `${value}×`;
      }
      this.select.value = String(speed);
      this.showTime(0);
    }

    listen() {
      const options = { signal: this.abort.signal };
      this.button.addEventListener("click", () => this.toggle(), options);
      this.loopChip.addEventListener("click", () => this.setLoop(null), options);
      this.select.addEventListener("change", () => {
        setSpeed(Number(this.select.value));
        this.select.blur(); // or the keys would go on to the list
      }, options);
      this.lanes.addEventListener("pointerdown", (event) => this.press(event), options);
      this.lanes.addEventListener("pointermove", (event) => this.showHover(event), options);
      this.lanes.addEventListener("pointerleave", () => { this.hover.hidden = true; }, options);
      this.root.addEventListener("pointerdown", () => { active = this; }, { ...options, capture: true });
      this.audio.addEventListener("play", () => this.started(), options);
      this.audio.addEventListener("pause", () => this.stopped(), options);
      this.audio.addEventListener("ended", () => this.ended(), options);
      this.audio.addEventListener("seeked", () => this.draw(), options);
      // Goes on in a hidden tab, where no frame is drawn.
      this.audio.addEventListener("timeupdate", () => this.watch(), options);
      this.audio.addEventListener("loadedmetadata", () => {
        if (!this.duration && Number.isFinite(this.audio.duration)) this.playable(this.audio.duration);
      }, options);
      this.audio.addEventListener("error", () => this.soundFailed(), options);
    }

    /* -- loading -- */

    async load() {
      if (this.asked) return;
      this.asked = true;
      this.near.disconnect();
      const base = prefix() + this.source;
      // An hour takes seconds to draw; it can be heard meanwhile.
      const early = setTimeout(() => { this.audio.src = `${base}/audio`; }, PATIENCE_MS);
      let answer;
      let facts;
      try {
        answer = await fetch(`${base}/peaks`, { signal: this.abort.signal });
        if (!answer.ok) {
          this.fail(await sentence(answer));
          return;
        }
        facts = await answer.json();
      } catch (error) {
        if (error.name !== "AbortError") this.fail("The server does not answer; is it still running?");
        return;
      } finally {
        clearTimeout(early);
      }
      if (this.abort.signal.aborted) return;
      this.rate = facts.sample_rate;
      if (!this.audio.getAttribute("src")) this.audio.src = `${base}/audio`;
      this.playable(facts.duration);
      if (this.waveform) this.drawWave(facts);
      if (this.spectrogram) this.loadPicture(`${base}/spectrogram.png`);
      const channels = facts.channels === 1 ? "mono" : facts.channels === 2 ? "stereo" : `${facts.channels} channels`;
      const peak = facts.peak_db === null ? "digital silence" : `peak ${facts.peak_db.toFixed(1).replace("-", "−")} dBFS`;
      this.facts.textContent = `${facts.sample_rate / 1000} kHz · ${channels} · ${peak}`;
      this.facts.title = this.facts.textContent; // it is cut off where there is little room
      this.note.textContent = facts.note || "";
      this.state("ready");
    }

    /* The length is known: there is a time axis, and the sound can be played. */
    playable(duration) {
      this.duration = duration;
      this.lanes.setAttribute("aria-valuemax", duration.toFixed(2));
      this.whole.textContent = ` / ${clock(duration)}`;
      this.button.disabled = this.select.disabled = false;
      this.drawSegments();
      if (!this.sized) {
        this.sized = new ResizeObserver(() => this.resize());
        this.sized.observe(this.lanes);
      }
      this.resize();
      this.becomeReady();
    }

    drawWave(facts) {
      this.wave = window.WaveSurfer.create({
        container: this.waveform,
        height: "auto",
        barHeight: 0.92,
        media: this.audio,
        // Two channels: the first is drawn upwards, the second downwards.
        peaks: [facts.high.map((v) => Math.max(v, 0) / 127), facts.low.map((v) => Math.max(-v, 0) / 127)],
        duration: facts.duration,
        interact: false,
        hideScrollbar: true,
        autoScroll: false,
        cursorWidth: 0,
        ...this.colours(),
      });
      this.wave.on("error", () => {}); // the audio element's own event tells more
    }

    colours() {
      return {
        waveColor: colour(this.body, "--wave", "--muted"),
        progressColor: colour(this.body, "--wave-played", "--accent", "--bs-primary"),
      };
    }

    recolour() {
      if (this.wave) this.wave.setOptions(this.colours());
    }

    loadPicture(address) {
      this.spectrogram.replaceChildren();
      const image = make(this.spectrogram, "img", "", { alt: "Spectrogram", draggable: "false" });
      const options = { signal: this.abort.signal };
      image.addEventListener("load", () => {
        this.spectrogram.classList.add("is-drawn");
        this.drawHertz();
      }, options);
      image.addEventListener("error", async () => {
        const said = await fetch(address, options).then((a) => (a.ok ? "The spectrogram cannot be shown." : sentence(a)), () => "");
        if (!said) return;
        const box = make(this.spectrogram, "div", "player-nopicture");
        icon(box, "exclamation-triangle");
        make(box, "span").textContent = said;
        image.remove();
      }, options);
      image.src = address;
    }

    drawHertz() {
      const top = this.rate / 2000;
      const step = [0.5, 1, 2, 4, 5, 10, 20, 50].find((s) => top / s <= 4.5) || 100;
      const axis = make(this.spectrogram, "div", "player-hertz", { "aria-hidden": "true" });
      for (let khz = step; khz < top * 0.97; khz += step) {
        const mark = make(axis, "span");
        mark.style.bottom = `${(100 * khz) / top}%`;
        mark.textContent = `${khz} kHz`;
      }
    }

    /* Where the picture would be: what is wrong, in the server's words, and a way to try again. */
    fail(text) {
      this.audio.pause();
      this.state("error");
      this.button.disabled = this.select.disabled = true;
      this.lanes.hidden = true;
      this.problem.replaceChildren();
      this.problem.hidden = false;
      icon(this.problem, "exclamation-triangle");
      const words = make(this.problem, "div");
      make(words, "strong").textContent = "This sound cannot be played";
      make(words, "p").textContent = text;
      const again = make(words, "button", "player-again", { type: "button" });
      icon(again, "arrow-clockwise");
      again.append(" Try again");
      again.addEventListener("click", () => replace(this.root), { signal: this.abort.signal });
    }

    async soundFailed() {
      if (!this.audio.getAttribute("src") || this.abort.signal.aborted) return;
      try {
        const answer = await fetch(this.audio.src, { headers: { Range: "bytes=0-0" }, signal: this.abort.signal });
        this.fail(answer.ok ? "This browser cannot play the file's format." : await sentence(answer));
      } catch (error) {
        if (error.name !== "AbortError") this.fail("The server does not answer; is it still running?");
      }
    }

    /* -- layout -- */

    resize() {
      this.width = this.lanes.clientWidth;
      this.drawTimeline();
      this.drawLoop();
      this.draw();
    }

    drawTimeline() {
      const most = Math.max(2, Math.floor(this.width / 64));
      const step = STEPS.find((s) => this.duration / s <= most) || 7200;
      const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
      this.timeline.replaceChildren();
      const minor = step / 5;
      const count = Math.floor(this.duration / minor + 1e-6);
      for (let i = 0; i <= count; i += 1) {
        const mark = make(this.timeline, "i", i % 5 ? "" : "is-major");
        mark.style.left = `${(100 * i * minor) / this.duration}%`;
        // A label that would stick out at the right is left out.
        const time = i * minor;
        if (i % 5 === 0 && (1 - time / this.duration) * this.width > 30) {
          const text = i ? time.toFixed(digits) : "0 s";
          make(mark, "span").textContent = this.duration >= 60 ? clock(time, digits) : text;
        }
      }
    }

    drawSegments() {
      const list = parse(this.root.dataset.segments);
      this.segments.replaceChildren();
      this.segments.hidden = !list.length;
      for (const [start, end, label] of list) {
        const left = clamp(start / this.duration, 0, 1);
        const right = clamp(end / this.duration, 0, 1);
        if (right <= left) continue;
        const title = `${label || "segment"}, ${clock(start)} to ${clock(end)}`;
        const box = make(this.segments, "button", "player-segment", {
          type: "button", title, "aria-label": `Play ${title}`, "data-label": label || "", tabindex: "-1",
        });
        box.style.left = `${100 * left}%`;
        box.style.width = `${100 * (right - left)}%`;
        make(box, "span").textContent = label || "";
        box.addEventListener("click", () => this.playSegment(start, end), { signal: this.abort.signal });
      }
    }

    drawLoop() {
      this.shade.hidden = this.loopChip.hidden = !this.loop;
      if (!this.loop) return;
      const [start, end] = this.loop;
      this.shade.style.left = `${(100 * start) / this.duration}%`;
      this.shade.style.width = `${(100 * (end - start)) / this.duration}%`;
      this.loopText.textContent = `${clock(start)} – ${clock(end)}`;
    }

    /* -- the playhead -- */

    get time() {
      return clamp(this.audio.currentTime, 0, this.duration || 0);
    }

    showTime(time) {
      const text = clock(time);
      if (this.now.textContent !== text) this.now.textContent = text;
    }

    draw() {
      const time = this.time;
      this.head.style.transform = `translateX(${this.duration ? (time / this.duration) * this.width : 0}px)`;
      this.showTime(time);
      if (this.audio.paused) {
        this.lanes.setAttribute("aria-valuenow", time.toFixed(2));
        this.lanes.setAttribute("aria-valuetext", `${clock(time)} of ${clock(this.duration)}`);
      }
    }

    run() {
      this.watch();
      this.draw();
      this.frame = this.audio.paused ? 0 : requestAnimationFrame(() => this.run());
    }

    /* Turn round at the end of the loop, stop at the end of a segment. */
    watch() {
      if (this.audio.paused) return;
      const time = this.audio.currentTime;
      if (this.loop && time >= this.loop[1]) {
        this.audio.currentTime = this.loop[0];
      } else if (this.stopAt !== null && time >= this.stopAt) {
        this.stopAt = null;
        this.audio.pause();
      }
    }

    started() {
      for (const other of players.values()) if (other !== this) other.audio.pause();
      active = this;
      this.body.classList.add("is-playing");
      this.button.firstChild.className = "bi bi-pause-fill";
      this.button.setAttribute("aria-label", "Pause");
      if (!this.frame) this.run();
    }

    stopped() {
      this.body.classList.remove("is-playing");
      this.button.firstChild.className = "bi bi-play-fill";
      this.button.setAttribute("aria-label", "Play");
      this.draw();
    }

    ended() {
      if (this.loop) {
        this.audio.currentTime = this.loop[0];
        this.audio.play();
      } else {
        this.stopAt = null;
      }
    }

    /* -- what people do -- */

    async play() {
      await this.loaded();
      if (this.loop && (this.time < this.loop[0] || this.time >= this.loop[1])) this.audio.currentTime = this.loop[0];
      try {
        await this.audio.play();
      } catch (error) {
        // AbortError: paused or replaced before the sound came; NotAllowedError: the browser wants a click first.
        if (error.name !== "AbortError" && error.name !== "NotAllowedError") await this.soundFailed();
      }
    }

    /* Resolves when there is sound to play; loads a player that was out of sight. */
    loaded() {
      this.load();
      return this.waiting;
    }

    pause() {
      this.stopAt = null;
      this.audio.pause();
    }

    toggle() {
      if (this.audio.paused) this.play();
      else this.pause();
    }

    seek(time) {
      this.stopAt = null;
      this.audio.currentTime = clamp(time, 0, this.duration);
      this.draw();
    }

    async playSegment(start, end) {
      await this.loaded();
      this.setLoop(null);
      this.audio.currentTime = clamp(start, 0, this.duration);
      this.stopAt = end;
      await this.play();
    }

    setLoop(loop) {
      this.loop = loop && loop[1] - loop[0] >= 0.02 ? loop : null;
      if (this.loop) this.stopAt = null;
      this.drawLoop();
    }

    /* Click: seek. Drag: a loop, or move an edge of the one there is. */
    press(event) {
      if (event.button !== 0 || !this.duration || event.target.closest(".player-segment")) return;
      const box = this.lanes.getBoundingClientRect();
      const at = (e) => clamp(((e.clientX - box.left) / box.width) * this.duration, 0, this.duration);
      const startX = event.clientX;
      const near = (time) => Math.abs((time / this.duration) * box.width - (startX - box.left)) <= EDGE_PX;
      const edge = this.loop ? this.loop.findIndex(near) : -1;
      const anchor = edge >= 0 ? this.loop[1 - edge] : at(event);
      const gesture = new AbortController();
      const options = { signal: AbortSignal.any([gesture.signal, this.abort.signal]) };
      let dragging = false;
      this.lanes.setPointerCapture(event.pointerId);
      this.lanes.addEventListener("pointermove", (move) => {
        if (!dragging && Math.abs(move.clientX - startX) < DRAG_PX) return;
        dragging = true;
        this.setLoop([Math.min(anchor, at(move)), Math.max(anchor, at(move))]);
      }, options);
      this.lanes.addEventListener("pointerup", (up) => {
        gesture.abort();
        if (!dragging) {
          const time = at(up);
          if (this.loop && (time < this.loop[0] || time > this.loop[1])) this.setLoop(null);
          this.seek(time);
        } else if (this.loop && (this.time < this.loop[0] || this.time > this.loop[1])) {
          this.seek(this.loop[0]);
        }
      }, options);
      // A finger that scrolls the page instead: the browser takes the pointer away.
      this.lanes.addEventListener("pointercancel", () => { gesture.abort(); if (dragging) this.setLoop(null); }, options);
    }

    showHover(event) {
      if (!this.duration || event.pointerType === "touch") return;
      const box = this.lanes.getBoundingClientRect();
      const x = clamp(event.clientX - box.left, 0, box.width);
      let text = clock((x / box.width) * this.duration);
      const picture = this.spectrogram && this.spectrogram.getBoundingClientRect();
      if (picture && event.clientY >= picture.top && event.clientY <= picture.bottom) {
        const hertz = ((picture.bottom - event.clientY) / picture.height) * (this.rate / 2);
        text += hertz >= 1000 ? ` · ${(hertz / 1000).toFixed(1)} kHz` : ` · ${Math.round(hertz)} Hz`;
      }
      const onEdge = this.loop && this.loop.some((t) => Math.abs((t / this.duration) * box.width - x) <= EDGE_PX);
      this.lanes.style.cursor = onEdge ? "ew-resize" : "";
      this.hover.hidden = false;
      this.hover.classList.toggle("is-left", x > box.width - 110);
      this.hover.style.transform = `translateX(${x}px)`;
      this.hoverText.textContent = text;
    }

    destroy() {
      this.abort.abort();
      this.near.disconnect();
      if (this.sized) this.sized.disconnect();
      cancelAnimationFrame(this.frame);
      this.audio.pause();
      if (this.wave) this.wave.destroy();
      this.audio.removeAttribute("src");
      this.audio.load(); // lets go of the connection
      if (active === this) active = null;
    }
  }

  /* ---- all players ---- */

  function setSpeed(value) {
    speed = value;
    for (const one of players.values()) {
      one.audio.defaultPlaybackRate = one.audio.playbackRate = value;
      one.select.value = String(value);
    }
  }

  function add(root) {
    if (!players.has(root) && root.dataset.src) players.set(root, new Player(root));
  }

  function remove(root) {
    const known = players.get(root);
    if (!known) return;
    known.destroy();
    players.delete(root);
  }

  function replace(root) {
    remove(root);
    add(root);
  }

  function follow(records) {
    const changed = new Map();
    for (const record of records) {
      if (record.type === "attributes" && record.target.classList.contains("player")) {
        changed.set(record.target, (changed.get(record.target) || new Set()).add(record.attributeName));
      }
      for (const node of record.addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        if (node.classList.contains("player")) add(node);
        else for (const inner of node.getElementsByClassName("player")) add(inner);
      }
    }
    for (const root of [...players.keys()]) if (!root.isConnected) remove(root);
    for (const [root, names] of changed) {
      const known = players.get(root);
      if (!known || known.source !== root.dataset.src || names.has("data-lanes")) replace(root);
      else if (known.duration) known.drawSegments();
    }
  }

  const find = (element) => {
    const found = typeof element === "string" ? document.querySelector(element) : element;
    const root = found && (found.closest(".player") || found.querySelector(".player"));
    return root ? players.get(root) : undefined;
  };
  const onScreen = (player) => player.root.getClientRects().length > 0;
  const current = () => {
    if (active && active.root.isConnected && onScreen(active)) return active;
    return [...players.values()].find((player) => player.duration && onScreen(player)) || null;
  };

  async function switchTo(element) {
    const next = find(element);
    if (!next) return;
    const group = next.root.dataset.group;
    const before = [...players.values()].filter((p) => p !== next && group && p.root.dataset.group === group);
    const from = before.find((p) => !p.audio.paused) || before.find((p) => p === active);
    if (!from && !next.audio.paused) return;
    const time = from ? from.time : next.time;
    const loop = from ? from.loop : next.loop;
    await next.loaded();
    if (from) from.pause();
    active = next;
    next.setLoop(loop && loop[0] < next.duration ? [loop[0], Math.min(loop[1], next.duration)] : null);
    // Past the end of a shorter sound there is nothing to hear: start it again.
    next.seek(time < next.duration - 0.05 ? time : 0);
    await next.play();
  }

  const act = (name) => (element, ...values) => {
    const player = find(element);
    return player ? player[name](...values) : undefined;
  };
  window.earmark.player = {
    play: act("play"),
    pause: act("pause"),
    toggle: act("toggle"),
    seek: act("seek"),
    playSegment: act("playSegment"),
    position: (element) => (find(element) ? find(element).time : 0),
    switchTo,
    active: () => (current() ? current().root : null),
  };
  window.earmark.playSegment = window.earmark.player.playSegment;

  const key = (keys, label, help, run) => window.earmark.hotkeys.add({
    keys, label, help, group: "Player", when: () => current() !== null, run: () => run(current()),
  });
  const faster = (player, step) => {
    const place = SPEEDS.findIndex((value) => value >= speed);
    if (!player.select.disabled) setSpeed(SPEEDS[clamp(place + step, 0, SPEEDS.length - 1)]);
  };
  const unloop = (player) => (player.loop ? player.setLoop(null) : false);

  function start() {
    key([" "], "Space", "play or pause", (player) => player.toggle());
    key(["ArrowLeft"], "←", "1 second back", (player) => player.seek(player.time - 1));
    key(["ArrowRight"], "→", "1 second on", (player) => player.seek(player.time + 1));
    key(["Home"], "Home", "to the start", (player) => player.seek(0));
    key(["["], "[", "slower", (player) => faster(player, -1));
    key(["]"], "]", "faster", (player) => faster(player, 1));
    key(["l", "Escape"], "l Esc", "stop looping", unloop);
    window.earmark.hotkeys.add({ keys: [], label: "drag", help: "loop a stretch", group: "Player", when: () => current() !== null });
    document.addEventListener("click", (event) => {
      const target = event.target instanceof Element ? event.target : null;
      const play = target && target.closest("[data-play]");
      const other = target && target.closest("[data-switch-to]");
      if (play) {
        const [from, to] = play.dataset.play.split(" ").map(Number);
        const player = play.dataset.player ? find(play.dataset.player) : current();
        if (player) player.playSegment(from, to);
      } else if (other) {
        switchTo(other.dataset.switchTo);
      }
    });
    new MutationObserver(follow).observe(document.body, {
      childList: true, subtree: true, attributes: true, attributeFilter: ["data-src", "data-segments", "data-lanes"],
    });
    new MutationObserver(() => { for (const player of players.values()) player.recolour(); })
      .observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
    for (const root of document.getElementsByClassName("player")) add(root);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
