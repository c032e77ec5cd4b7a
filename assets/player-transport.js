/* One player: it asks the server for its sound, plays it, seeks, loops, and lets go of everything at the end. */
"use strict";

(() => {
  const PATIENCE_MS = 300;
  const POLL_MS = 150;
  const { parts } = window.earmark;
  const { ensemble, clock, clamp, sentence, prefix } = parts;

  class Player extends parts.Stage {
    constructor(root) {
      super();
      this.root = root;
      this.source = root.dataset.src;
      this.utterance = root.dataset.utterance || "";
      this.abort = new AbortController();
      this.duration = 0;
      this.view = new parts.View(0);
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
      this.audio = root.dataset.deck ? parts.decks.member(root) : new Audio();
      this.audio.onframe = () => this.draw();
      this.audio.preload = "metadata";
      this.audio.defaultPlaybackRate = this.audio.playbackRate = ensemble.speed;
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

    listen() {
      const options = { signal: this.abort.signal };
      this.button.addEventListener("click", () => this.toggle(), options);
      this.loopChip.addEventListener("click", () => this.setLoop(null), options);
      this.select.addEventListener("change", () => {
        ensemble.setSpeed(Number(this.select.value));
        this.select.blur(); // or the keys would go on to the list
      }, options);
      parts.settings.listen((name) => this.resettle(name), this.abort.signal);
      this.root.addEventListener("pointerdown", () => { ensemble.active = this; }, { ...options, capture: true });
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
      const peak = facts.peak_db === null ? "digital silence" : `peak ${facts.peak_db.toFixed(1).replace(/^-0\.0$/, "0.0").replace("-", "−")} dBFS`;
      this.facts.textContent = `${facts.sample_rate / 1000} kHz · ${channels} · ${peak}`;
      this.facts.title = this.facts.textContent; // it is cut off where there is little room
      this.note.textContent = facts.note || "";
      this.state("ready");
      this.resize();
    }

    /* The facts of the sound; asks again while the server indexes it, until somebody presses Stop. */
    async ask() {
      for (;;) {
        const answer = await parts.asking.picture(this.root, this.address("peaks"), this.abort.signal);
        if (!answer.ok) throw new Error(await sentence(answer));
        const told = await answer.json();
        if (this.root.dataset.state === "stopped") return null;
        if (answer.status !== 202) {
          this.indexing.hidden = true;
          return told;
        }
        if (this.root.dataset.state !== "indexing") this.showIndexing();
        this.indexed.value = told.indexing;
        this.indexedText.textContent = `${Math.floor(100 * told.indexing)} %`;
        await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
        if (this.root.dataset.state === "stopped") return null;
      }
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
      this.head.setAttribute("aria-valuemax", duration.toFixed(2));
      this.whole.textContent = ` / ${clock(duration)}`;
      this.button.disabled = false;
      this.select.disabled = Boolean(this.audio.deck); // all sounds of a deck keep the same time
      if (!this.sized) {
        this.sized = new ResizeObserver(() => this.resize());
        this.sized.observe(this.lanes);
      }
      this.resize();
      this.becomeReady();
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

    async soundFailed() {
      if (!this.audio.getAttribute("src") || this.abort.signal.aborted) return;
      try {
        const answer = await fetch(this.audio.src, { headers: { Range: "bytes=0-0" }, signal: this.abort.signal });
        this.fail(answer.ok ? "This browser cannot play the file's format." : await sentence(answer));
      } catch (error) {
        if (error.name !== "AbortError") this.fail("The server does not answer; is it still running?");
      }
    }

    get time() {
      return clamp(this.audio.currentTime, 0, this.duration || 0);
    }

    run() {
      this.watch();
      this.follow();
      this.draw();
      this.frame = this.audio.paused ? 0 : requestAnimationFrame(() => this.run());
    }

    /* Turn round at the end of the loop, stop at the end of a segment. */
    watch() {
      if (this.audio.paused) return;
      const time = this.audio.currentTime;
      if (this.loop && time >= this.loop[1] && !this.audio.deck) {
        this.audio.currentTime = this.loop[0];
      } else if (this.stopAt !== null && time >= this.stopAt) {
        this.stopAt = null;
        this.audio.pause();
      }
    }

    started() {
      for (const other of ensemble.players.values()) if (other !== this) other.audio.pause();
      ensemble.active = this;
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
      if (this.loop && !this.audio.deck) {
        this.audio.currentTime = this.loop[0];
        this.audio.play();
      } else {
        this.stopAt = null;
      }
    }

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

    /* Resolves when there is sound to play; loads a player that was out of sight. A deck's sound waits for no picture. */
    loaded() {
      this.load();
      if (this.audio.deck) this.audio.ready().catch(() => null); // told when it is to be played
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
      const { deck } = this.audio;
      if (deck) {
        deck.setLoop(this.loop);
        ensemble.shareLoop(this);
      }
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
      if (ensemble.active === this) ensemble.active = null;
    }
  }

  parts.Player = Player;
})();
