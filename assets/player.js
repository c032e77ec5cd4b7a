/* The player: waveform, spectrogram, time line, lanes and one playhead over all of them, from the whole file down to
   single samples.

   It fills every element
       <div class="player" data-src="/media/CORPUS/ID" data-pictures="waveform spectrogram" data-group="NAME"
            data-lanes='[{"name": "words", "kind": "words", "segments": [[start, end, "label"], ...]}, ...]'
            data-recording='{...}' data-utterance="ID">
   that is or comes into the page (explorer/components/player.py makes them), follows when the attributes change, and
   cleans up when the element leaves. Waveform, picture and sound come from explorer/media.py; when they cannot, the
   server's sentence stands where the picture would be. data-state tells "loading", "indexing" (a long sound, for the
   first time), "stopped" (by the person who did not want to wait), "ready" or "error". Pictures are loaded when the
   element comes near the screen. One player plays at a time.

   A player with data-utterance keeps its place in the address: t= (where the playhead stands when it is opened), from=
   and to= (what is shown), in seconds, as long as the address has the same u=.

   For pages (an element is a .player, something inside it, or a CSS selector):
       earmark.player.play(element)                  earmark.player.pause(element)
       earmark.player.toggle(element)                earmark.player.seek(element, seconds)
       earmark.player.show(element, from, to)        zoom to that stretch
       earmark.player.position(element)              seconds
       earmark.player.view(element)                  [from, to] in seconds
       earmark.player.playSegment(element, start, end)    play that stretch once
       earmark.player.switchTo(element)              go on at the same position in another player of the same group;
                                                     if none of the group plays, play from the group's last position
       earmark.player.active()                       the element that the keys act on, or null
   In HTML alone, on anything that can be clicked:
       data-play="1.2 1.9"                           play that stretch in the active player
       data-play="1.2 1.9" data-player="#selector"   in that one
       data-switch-to="#selector"                    switchTo

   Times are seconds from the start of the utterance. The playhead is moved with the display's refresh while sound
   plays, and not at all otherwise. The parts are in player-*.js, each with its sentence. */
"use strict";

window.earmark = window.earmark || {};

(() => {
  const SPEEDS = [0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5];
  const PATIENCE_MS = 300;
  const POLL_MS = 150;
  const ADDRESS_MS = 400;
  const ZOOM_STEP = 1.6;
  const {
    View, Wave, Spectrogram, Lanes, Overview, Recording, Panel, Gestures, ticks, clock, clamp, settings, make, icon, button,
    prefix, colour, sentence, spot, note, withUtterance, visit,
  } = window.earmark.parts;
  const players = new Map();
  let active = null;
  let speed = 1;

  /* ---- one player ---- */

  class Player {
    constructor(root) {
      this.root = root;
      this.source = root.dataset.src;
      this.utterance = root.dataset.utterance || "";
      this.abort = new AbortController();
      this.duration = 0;
      this.view = new View(0);
      this.channel = "mix";
      this.loop = null;
      this.stopAt = null;
      this.asked = false;
      this.following = true;
      this.frame = 0;
      this.redraw = 0;
      this.width = 0;
      this.wave = this.picture = this.overview = null;
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
      const pictures = new Set((this.root.dataset.pictures || "waveform spectrogram").split(" "));
      this.body = make(this.root, "div", "player-body");
      this.lanes = make(this.body, "div", "player-lanes", {
        role: "slider", tabindex: "0", "aria-label": "Position", "aria-valuemin": "0", "aria-valuemax": "0",
        "aria-valuenow": "0",
      });
      this.waveform = pictures.has("waveform") ? make(this.lanes, "div", "player-waveform") : null;
      this.segments = make(this.lanes, "div", "player-segments");
      this.timeline = make(this.lanes, "div", "player-timeline", { "aria-hidden": "true", title: "Wheel: zoom" });
      this.spectrogram = pictures.has("spectrogram") ? make(this.lanes, "div", "player-spectrogram") : null;
      this.shade = make(this.lanes, "div", "player-loop", { hidden: "" });
      this.hover = make(this.lanes, "div", "player-hover", { hidden: "" });
      this.hoverText = make(this.hover, "span");
      this.head = make(this.lanes, "div", "player-head");
      this.problem = make(this.body, "div", "player-problem", { role: "alert", hidden: "" });
      this.indexing = make(this.body, "div", "player-indexing", { role: "status", hidden: "" });
      this.strip = this.spectrogram ? make(this.body, "div", "player-overview") : null;
      this.recordingBox = make(this.body, "div", "player-recording", { hidden: "" });
      this.chips = make(this.body, "div", "player-hidden-lanes", { hidden: "" });
      this.buildBar();
      this.tracks = new Lanes(this.segments, this.chips, settings, (start, end) => this.playSegment(start, end));
      this.tracks.set(this.root.dataset.lanes);
      this.gestures = new Gestures(this, this.abort.signal);
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
      this.zoomOut = zoom("zoom-out", "Zoom out", "Zoom out (−)", () => this.zoom(1 / ZOOM_STEP));
      this.zoomIn = zoom("zoom-in", "Zoom in", "Zoom in (+, Ctrl and wheel, pinch)", () => this.zoom(ZOOM_STEP));
      this.zoomLoop = zoom("bounding-box", "Zoom to the loop", "Zoom to the loop (z)", () => this.fitLoop());
      this.zoomFit = zoom("arrows-expand-vertical", "Show all", "Show all (0)", () => this.fit());
      this.gear = button(side, "player-tool", "sliders", "How the sound is shown", "Frequency scale, window, colours, channel");
      this.gear.hidden = true;
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
      settings.listen((name) => this.resettle(name), this.abort.signal);
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

    /* The address of something of this sound, as the chosen channel has it. */
    address(kind, query = "") {
      const words = [query, this.channel === "mix" ? "" : `channel=${this.channel}`].filter(Boolean).join("&");
      return `${prefix()}${this.source}/${kind}${words && `?${words}`}`;
    }

    async load() {
      if (this.asked) return;
      this.asked = true;
      this.near.disconnect();
      // Hours take seconds to index; they can be heard meanwhile.
      const early = setTimeout(() => { this.sound(); }, PATIENCE_MS);
      let facts;
      try {
        facts = await this.ask();
      } catch (error) {
        if (error.name === "AbortError") return;
        this.fail(error instanceof TypeError ? "The server does not answer; is it still running?" : error.message);
        return;
      } finally {
        clearTimeout(early);
      }
      if (!facts || this.abort.signal.aborted) return;
      this.sound();
      this.view.rate = facts.sample_rate;
      this.known = facts;
      this.playable(facts.duration);
      this.drawPictures(facts);
      const channels = facts.channels === 1 ? "mono" : facts.channels === 2 ? "stereo" : `${facts.channels} channels`;
      const peak = facts.peak_db === null ? "digital silence" : `peak ${facts.peak_db.toFixed(1).replace("-", "−")} dBFS`;
      this.facts.textContent = `${facts.sample_rate / 1000} kHz · ${channels} · ${peak}`;
      this.facts.title = this.facts.textContent; // it is cut off where there is little room
      this.note.textContent = facts.note || "";
      this.state("ready");
      this.resize();
    }

    /* The facts of the sound; asks again while the server indexes it, until somebody presses Stop. */
    async ask() {
      for (;;) {
        const answer = await fetch(this.address("peaks"), { signal: this.abort.signal });
        if (!answer.ok) throw new Error(await sentence(answer));
        const told = await answer.json();
        if (answer.status !== 202) {
          this.indexing.hidden = true;
          return told;
        }
        if (this.root.dataset.state !== "indexing") this.showIndexing();
        this.indexed.value = told.indexing;
        this.indexedText.textContent = `${Math.floor(100 * told.indexing)} %`;
        await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
        if (this.root.dataset.state === "stopped" || this.abort.signal.aborted) return null;
      }
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
        again.addEventListener("click", () => { this.asked = false; this.load(); }, { signal: this.abort.signal });
      }, { signal: this.abort.signal });
    }

    sound() {
      if (!this.audio.getAttribute("src")) this.audio.src = this.address("audio");
    }

    /* The length is known: there is a time axis, and the sound can be played. */
    playable(duration) {
      const first = !this.duration;
      this.duration = this.view.duration = duration;
      if (first) this.arrive();
      else this.view.show(Math.min(this.view.from, duration), this.view.to);
      this.lanes.setAttribute("aria-valuemax", duration.toFixed(2));
      this.whole.textContent = ` / ${clock(duration)}`;
      this.button.disabled = this.select.disabled = false;
      if (!this.sized) {
        this.sized = new ResizeObserver(() => this.resize());
        this.sized.observe(this.lanes);
      }
      this.resize();
      this.becomeReady();
    }

    /* Where the address says: the playhead at t=, the view from= to=, or around t= in a long sound. */
    arrive() {
      const { t, from, to } = spot(this.utterance);
      this.view.show(0, this.duration);
      if (from !== undefined && to !== undefined && to > from) this.view.show(from, to);
      else if (t !== undefined && this.duration > 120) this.view.show(t - 5, t + 15);
      if (t !== undefined) this.audio.currentTime = clamp(t, 0, this.duration);
    }

    drawPictures(facts) {
      const failed = (error) => { this.note.textContent = error.message; };
      if (this.waveform) {
        if (this.wave) this.wave.destroy();
        const fetchWave = async (first, last, width, signal) => {
          const answer = await fetch(this.address("wave", `first=${first}&last=${last}&width=${Math.min(width, 8192)}`), { signal });
          if (!answer.ok) throw new Error(await sentence(answer));
          return answer.json();
        };
        this.wave = new Wave(this.waveform, facts, fetchWave, () => this.colours());
        this.wave.onArrival = () => this.later();
        this.wave.onFailure = failed;
      }
      if (!this.spectrogram) return;
      if (this.picture) this.picture.drop();
      this.picture = new Spectrogram(this.spectrogram, facts, (query) => this.address("tile.png", query), settings);
      this.overview = new Overview(this.strip, facts, () => this.colours(), {
        move: (from) => this.look(() => this.view.pan(from - this.view.from)),
        zoom: (event) => this.gestures.wheelOver(event, this.strip),
      });
      this.zooms.hidden = this.gear.hidden = false;
      if (!this.panel) {
        this.panel = new Panel(this.body, this.gear, settings, {
          channels: facts.channels, choose: (channel) => this.choose(channel),
        });
      }
    }

    /* Another channel is drawn and heard; place and view stay. */
    choose(channel) {
      this.channel = channel;
      const playing = !this.audio.paused;
      const time = this.time;
      this.audio.src = this.address("audio");
      this.audio.currentTime = time;
      if (playing) this.play();
      this.asked = false;
      this.load();
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

    recolour() {
      this.later();
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

    /* -- what is shown -- */

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
      for (const { time, label } of ticks(this.view, this.width)) {
        const place = this.view.place(time);
        const mark = make(this.timeline, "i", label ? "is-major" : "");
        mark.style.left = `${100 * place}%`;
        // A label that would stick out at the right is left out.
        if (label && (1 - place) * this.width > 8 + 6.2 * label.length) make(mark, "span").textContent = label;
      }
    }

    drawRecording() {
      this.recording = new Recording(this.recordingBox, this.root.dataset.recording, {
        address: (id) => withUtterance(id).href, open: (id) => visit(withUtterance(id)),
      });
      this.later();
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
      const x = this.duration ? this.view.place(time) * this.width : 0;
      this.head.style.transform = `translateX(${clamp(x, -9, this.width + 9)}px)`;
      if (this.wave) this.wave.progress(clamp(x, 0, this.width));
      if (this.overview) this.overview.progress(time);
      this.tracks.mark(this.audio.paused ? null : time);
      this.showTime(time);
      if (this.audio.paused) {
        this.lanes.setAttribute("aria-valuenow", time.toFixed(2));
        this.lanes.setAttribute("aria-valuetext", `${clock(time)} of ${clock(this.duration)}`);
      }
    }

    run() {
      this.watch();
      this.follow();
      this.draw();
      this.frame = this.audio.paused ? 0 : requestAnimationFrame(() => this.run());
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
      this.following = true;
      this.follow();
      this.draw();
    }

    async playSegment(start, end) {
      await this.loaded();
      this.setLoop(null);
      this.audio.currentTime = clamp(start, 0, this.duration);
      this.stopAt = end;
      this.following = true;
      this.follow();
      await this.play();
    }

    setLoop(loop) {
      this.loop = loop && loop[1] - loop[0] >= 0.005 ? loop : null;
      if (this.loop) this.stopAt = null;
      this.drawLoop();
    }

    destroy() {
      this.abort.abort();
      this.near.disconnect();
      if (this.sized) this.sized.disconnect();
      cancelAnimationFrame(this.frame);
      cancelAnimationFrame(this.redraw);
      clearTimeout(this.noting);
      this.audio.pause();
      if (this.wave) this.wave.destroy();
      if (this.picture) this.picture.drop();
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
      if (!known || known.source !== root.dataset.src || names.has("data-pictures")) replace(root);
      else {
        if (names.has("data-lanes")) known.tracks.set(root.dataset.lanes);
        if (names.has("data-recording")) known.drawRecording();
        known.later();
      }
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
    show: act("show"),
    view: (element) => (find(element) ? [find(element).view.from, find(element).view.to] : [0, 0]),
    playSegment: act("playSegment"),
    position: (element) => (find(element) ? find(element).time : 0),
    switchTo,
    active: () => (current() ? current().root : null),
  };
  window.earmark.playSegment = window.earmark.player.playSegment;

  const key = (keys, label, help, run) => window.earmark.hotkeys.add({
    keys, label, help, group: "Player", when: () => current() !== null, run: (event) => run(current(), event),
  });
  const faster = (player, step) => {
    const place = SPEEDS.findIndex((value) => value >= speed);
    if (!player.select.disabled) setSpeed(SPEEDS[clamp(place + step, 0, SPEEDS.length - 1)]);
  };
  /* With Shift the view moves, not the playhead. */
  const step = (player, event, direction) => {
    if (event.shiftKey) player.look(() => player.view.pan(0.25 * direction * player.view.span));
    else player.seek(player.time + direction);
  };
  const unloop = (player) => (player.loop ? player.setLoop(null) : false);

  function start() {
    key([" "], "Space", "play or pause", (player) => player.toggle());
    key(["ArrowLeft"], "←", "1 second back", (player, event) => step(player, event, -1));
    key(["ArrowRight"], "→", "1 second on", (player, event) => step(player, event, 1));
    key(["Home"], "Home", "to the start", (player) => player.seek(0));
    key(["["], "[", "slower", (player) => faster(player, -1));
    key(["]"], "]", "faster", (player) => faster(player, 1));
    key(["l", "Escape"], "l Esc", "stop looping", unloop);
    key(["+", "="], "+", "zoom in", (player) => player.zoom(ZOOM_STEP));
    key(["-"], "-", "zoom out", (player) => player.zoom(1 / ZOOM_STEP));
    key(["0"], "0", "show all", (player) => player.fit());
    key(["z"], "z", "zoom to the loop", (player) => (player.loop ? player.fitLoop() : false));
    for (const [label, help] of [["drag", "loop a stretch"], ["⇧ drag", "move the view (also ⇧ ← and ⇧ →)"], ["Ctrl wheel", "zoom"]]) {
      window.earmark.hotkeys.add({ keys: [], label, help, group: "Player", when: () => current() !== null });
    }
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
      childList: true, subtree: true, attributes: true, attributeFilter: ["data-src", "data-lanes", "data-recording", "data-pictures"],
    });
    new MutationObserver(() => { for (const player of players.values()) player.recolour(); })
      .observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
    for (const root of document.getElementsByClassName("player")) add(root);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
