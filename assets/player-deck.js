/* A deck: the sounds of one sentence by several systems, playing at the same time, of which one is heard.

   All sources of a deck start at the same moment of one Web Audio clock and run on together; switching turns one gain up
   and another down within FADE_S, so the position is kept to the sample and there is no gap. A loop is the same stretch
   of every sound. The sound that is likely to be heard next is fetched ahead (`bring`), the others when somebody is about to
   listen (`prepare`); a deck that has not been used for a while lets go of them. Loudness comes from the server
   (explorer/sound/loudness.py), once for each sound; while matching is on every sound has its gain to -23 LUFS.

   A member has the face of an <audio> element, so that a player (player-transport.js) shows and steers it like any other:
   <div class="player" data-deck="NAME" ...>. Members of one name are one deck. The deck tells the page through the event
   "deck" at its players: {what: "play" | "pause" | "choose" | "level" | "failed", deck, member}. */
"use strict";

(() => {
  const FADE_S = 0.008;
  const LEAD_S = 0.01;
  const KEPT = 3;
  const AHEAD_BYTES = 4 << 20; // a larger sound waits until somebody wants it
  const KEY = "earmark.loudness";
  const { parts } = window.earmark;
  const decks = new Map();
  const used = [];
  let context = null;
  let output = null;

  /* One context for the page: browsers allow few, and the clock must be the same for all. */
  function sound() {
    if (!context) {
      context = new AudioContext({ latencyHint: "interactive" });
      output = context.createGain();
      output.connect(context.destination);
    }
    return context;
  }

  const level = {
    matched: (() => {
      try {
        return localStorage.getItem(KEY) !== "raw";
      } catch {
        return true; // a browser that keeps nothing
      }
    })(),
    match(on) {
      level.matched = on;
      try {
        localStorage.setItem(KEY, on ? "matched" : "raw");
      } catch {
        // the choice holds until the page is left
      }
      for (const deck of decks.values()) deck.settle(0.02);
    },
  };

  class Deck {
    constructor(name) {
      this.name = name;
      this.members = new Set();
      this.heard = null;
      this.playing = false;
      this.anchor = 0; // the position at the time `since` of the clock
      this.since = 0;
      this.loop = null;
      this.timer = 0;
      this.frame = 0;
    }

    get position() {
      if (!this.playing) return this.anchor;
      const time = this.anchor + Math.max(0, context.currentTime - this.since);
      if (!this.loop || time < this.loop[1]) return time;
      const [start, end] = this.loop;
      return start + ((time - start) % (end - start));
    }

    get longest() {
      return Math.max(0, ...[...this.members].map((member) => (member.buffer ? member.buffer.duration : 0)));
    }

    /* Fetch and decode all sounds, `first` before the others and these two at a time, so that nothing stands in the way
       of what is about to be heard. A deck that was used long ago lets go of its own. */
    async prepare(first = null) {
      const place = used.indexOf(this);
      if (place >= 0) used.splice(place, 1);
      used.push(this);
      for (const old of used.splice(0, Math.max(0, used.length - KEPT))) if (!old.playing) old.release();
      if (first && !first.asked) await first.ready().catch(() => null);
      // A sound that is not there is asked for once, until somebody plays it.
      const others = [...this.members].filter((member) => !member.asked);
      const lane = async () => {
        for (let member = others.shift(); member; member = others.shift()) await member.ready().catch(() => null);
      };
      await Promise.all([lane(), lane()]);
    }

    release() {
      for (const member of this.members) member.release();
    }

    async play(member) {
      sound();
      const waking = context.state === "running" ? null : context.resume();
      this.wanted = member;
      this.prepare(member);
      await Promise.all([member.ready(), waking]);
      if (this.wanted !== member) return; // another was chosen, or pause was pressed, while this one was on its way
      const before = this.heard;
      this.heard = member;
      if (this.playing) {
        if (this.position > member.buffer.duration - 0.05 && !this.loop) this.move(0);
        if (before !== member) {
          this.settle(FADE_S);
          if (before) before.say("pause");
          member.say("play");
        }
        this.watchEnd();
        this.tell("choose");
        return;
      }
      if (this.anchor > member.buffer.duration - 0.05) this.anchor = this.loop ? this.loop[0] : 0;
      if (this.loop && (this.anchor < this.loop[0] || this.anchor >= this.loop[1])) this.anchor = this.loop[0];
      this.begin();
      member.say("play");
      this.tell("play");
    }

    /* All sources from the anchor on, at the same moment. */
    begin() {
      this.playing = true;
      this.since = context.currentTime + LEAD_S;
      for (const member of this.members) this.start(member);
      this.watchEnd();
      if (!this.frame) this.frame = requestAnimationFrame(() => this.drawAll());
    }

    start(member) {
      member.stop();
      if (!member.buffer) return;
      const now = Math.max(this.since, context.currentTime + LEAD_S);
      const at = this.anchor + (now - this.since);
      const looped = this.loop && at >= this.loop[1] ? this.loop[0] + ((at - this.loop[0]) % (this.loop[1] - this.loop[0])) : at;
      const source = context.createBufferSource();
      source.buffer = member.padded(this.loop ? this.loop[1] : 0);
      if (this.loop) Object.assign(source, { loop: true, loopStart: this.loop[0], loopEnd: this.loop[1] });
      const gain = context.createGain();
      gain.gain.value = 0;
      source.connect(gain).connect(output);
      source.start(now, Math.min(looped, source.buffer.duration));
      member.source = source;
      member.gain = gain;
      gain.gain.setValueAtTime(0, now);
      gain.gain.linearRampToValueAtTime(this.volume(member), now + FADE_S / 2);
    }

    volume(member) {
      if (member !== this.heard) return 0;
      return level.matched && member.loudness ? 10 ** (member.loudness.gain_db / 20) : 1;
    }

    /* Every gain to where it belongs, within so many seconds. */
    settle(seconds) {
      if (!this.playing) return;
      const now = context.currentTime;
      for (const member of this.members) {
        if (!member.gain) continue;
        const { gain } = member.gain;
        gain.cancelScheduledValues(now);
        gain.setValueAtTime(gain.value, now);
        gain.linearRampToValueAtTime(this.volume(member), now + seconds);
      }
    }

    /* A sound that came late joins the others at their place. */
    arrived(member) {
      if (this.playing && !member.source) this.start(member);
    }

    pause() {
      this.wanted = null;
      if (!this.playing) return;
      this.anchor = this.position;
      this.playing = false;
      clearTimeout(this.timer);
      for (const member of this.members) member.stop();
      if (this.heard) this.heard.say("pause");
      this.tell("pause");
    }

    move(time) {
      const playing = this.playing;
      this.anchor = time;
      if (playing) this.begin();
      for (const member of this.members) member.say("seeked");
    }

    setLoop(loop) {
      const { position } = this;
      this.loop = loop && loop[1] - loop[0] >= 0.005 ? [...loop] : null;
      this.anchor = this.loop && (position < this.loop[0] || position >= this.loop[1]) ? this.loop[0] : position;
      if (this.playing) this.begin();
    }

    /* The end of the sound that is heard: by a timer, since no frame is drawn in a hidden tab. */
    watchEnd() {
      clearTimeout(this.timer);
      if (this.loop || !this.heard || !this.heard.buffer) return;
      const left = this.heard.buffer.duration - this.position;
      this.timer = setTimeout(() => {
        if (this.heard.buffer.duration - this.position > 0.02) { this.watchEnd(); return; }
        const { heard } = this;
        this.pause();
        this.anchor = heard.buffer ? heard.buffer.duration : 0;
        heard.say("ended");
      }, Math.max(0, 1000 * left + 5));
    }

    drawAll() {
      for (const member of this.members) if (member !== this.heard && member.onframe) member.onframe();
      this.frame = this.playing ? requestAnimationFrame(() => this.drawAll()) : 0;
    }

    tell(what, member = this.heard) {
      if (member) member.root.dispatchEvent(new CustomEvent("deck", { bubbles: true, detail: { what, deck: this, member } }));
    }
  }

  /* One sound of a deck, with the face of an <audio> element. */
  class Member extends EventTarget {
    constructor(root) {
      super();
      this.root = root;
      const name = root.dataset.deck;
      if (!decks.has(name)) decks.set(name, new Deck(name));
      this.deck = decks.get(name);
      this.deck.members.add(this);
      this.address = "";
      this.buffer = this.source = this.gain = this.loudness = this.coming = this.brought = null;
      this.asked = false;
      this.playbackRate = this.defaultPlaybackRate = 1;
    }

    get paused() { return !(this.deck.playing && this.deck.heard === this); }
    get currentTime() { return this.deck.position; }
    set currentTime(time) { this.deck.move(Math.max(0, time)); }
    get duration() { return this.buffer ? this.buffer.duration : NaN; }
    get src() { return this.address; }
    set src(address) {
      if (this.address === address) return;
      if (this.address) this.release();
      this.address = address;
    }

    getAttribute() { return this.address; }
    removeAttribute() { this.leave(); }
    load() {}
    play() { return this.deck.play(this); }
    pause() { if (this.deck.heard === this || this.deck.wanted === this) this.deck.pause(); }
    say(what) { this.dispatchEvent(new Event(what)); }

    ready() {
      this.asked = true;
      this.coming = this.coming || this.fetched().catch((error) => {
        this.coming = null;
        this.deck.tell("failed", this);
        throw error;
      });
      return this.coming;
    }

    get place() { return `${parts.prefix()}${this.root.dataset.src}`; }

    /* Fetch the file and its loudness, so that only decoding is left when it is to be heard. */
    bring() {
      if (this.asked || this.brought) return;
      const brought = this.brought = this.ask(AHEAD_BYTES);
      brought.bytes.catch(() => { if (this.brought === brought) this.brought = null; }); // told when it is to be heard
    }

    ask(most = Infinity) {
      return { loudness: this.measured(), bytes: parts.asking.sound(() => this.file(most)) };
    }

    async file(most) {
      const answer = await fetch(this.address || `${this.place}/audio`, { priority: "high" });
      if (!answer.ok) throw new Error(await parts.sentence(answer));
      if (Number(answer.headers.get("Content-Length")) > most) {
        answer.body.cancel();
        throw new Error("This sound is too long to be fetched ahead.");
      }
      return answer.arrayBuffer();
    }

    /* A sound whose loudness cannot be measured is played as it is. */
    measured() {
      if (this.loudness) return Promise.resolve(this.loudness);
      return fetch(`${this.place}/loudness`, { priority: "high" })
        .then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
    }

    async fetched() {
      const { brought } = this;
      const asked = brought || this.ask();
      this.brought = null;
      const bytes = brought ? asked.bytes.catch(() => this.ask().bytes) : asked.bytes;
      const decoded = bytes.then((content) => sound().decodeAudioData(content));
      const [buffer, loudness] = await Promise.all([decoded, asked.loudness]);
      if (!this.deck.members.has(this)) return;
      this.loudness = loudness;
      this.buffer = buffer;
      this.say("loadedmetadata"); // a player need not know more before it plays
      this.deck.arrived(this);
      this.deck.tell("level", this);
    }

    /* The sound with silence up to the end of a loop: a shorter source would turn round before the others. */
    padded(seconds) {
      if (this.buffer.duration >= seconds) return this.buffer;
      const { numberOfChannels, sampleRate } = this.buffer;
      const longer = context.createBuffer(numberOfChannels, Math.ceil(seconds * sampleRate), sampleRate);
      for (let c = 0; c < numberOfChannels; c += 1) longer.copyToChannel(this.buffer.getChannelData(c), c);
      return longer;
    }

    stop() {
      if (!this.source) return;
      const { source, gain } = this;
      const now = context.currentTime;
      gain.gain.cancelScheduledValues(now);
      gain.gain.setValueAtTime(gain.gain.value, now);
      gain.gain.linearRampToValueAtTime(0, now + FADE_S);
      source.stop(now + FADE_S);
      source.onended = () => gain.disconnect();
      this.source = this.gain = null;
    }

    release() {
      this.stop();
      this.asked = false;
      this.buffer = this.coming = this.brought = null;
    }

    leave() {
      if (this.deck.heard === this) {
        this.deck.pause();
        this.deck.heard = null;
      }
      this.release();
      this.deck.members.delete(this);
      if (!this.deck.members.size) {
        decks.delete(this.deck.name);
        const place = used.indexOf(this.deck);
        if (place >= 0) used.splice(place, 1);
      }
    }
  }

  parts.decks = {
    /* Start the output as early as a browser allows: at the first press of a button or key, before it is let go. */
    wake: () => { if (sound().state !== "running") context.resume(); },
    member: (root) => new Member(root),
    find: (name) => decks.get(name),
    playing: () => [...decks.values()].some((deck) => deck.playing),
    level,
    /* For measuring what is heard: a node that everything goes through. */
    output: () => { sound(); return output; },
  };
})();
