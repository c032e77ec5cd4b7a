/* What the review page asks the server, and the outbox in which edits wait until the server has them on disk.

   An edit is kept in the browser's storage from the moment it is made until the server acknowledges it, and has a key of
   its own, so that sending it again after a broken connection writes it once. Edits go out one after the other. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const AGAIN_MS = [1000, 2000, 4000, 8000];
  const PREFIX = "earmark.review.outbox.";
  const { prefix } = window.earmark.parts;

  class Refused extends Error {
    constructor(message, status, answer) {
      super(message);
      this.status = status;
      this.answer = answer || {};
    }
  }

  class Door {
    constructor({ corpus, view, normalizer }) {
      this.root = `${prefix()}/api/review`;
      this.base = `${this.root}/${encodeURIComponent(corpus)}`;
      this.view = view;
      this.signals = new URLSearchParams(view).get("signals");
      this.normalizer = normalizer;
    }

    /* The server's JSON; Refused with its sentence when there is none. */
    async ask(path, { body, signal, query = {}, root = false } = {}) {
      const pairs = new URLSearchParams(query);
      for (const [name, value] of [["normalizer", this.normalizer], ["signals", this.signals]]) if (value) pairs.set(name, value);
      const options = { signal };
      if (body !== undefined) {
        Object.assign(options, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
      }
      let answer;
      try {
        answer = await fetch(`${root ? this.root : this.base}${path}?${pairs}`, options);
      } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new Refused("the server does not answer", 0);
      }
      let told = null;
      try {
        told = await answer.json();
      } catch {
        told = null; // an error page of the server or of a proxy before it
      }
      if (!answer.ok || told === null) {
        throw new Refused((told && told.error) || `the server answered ${answer.status}; its log says why`, answer.status, told);
      }
      return told;
    }

    /* The order to go through, as the address of the page says it. */
    order(utterance) {
      const query = new URLSearchParams(this.view);
      if (utterance) query.set("u", utterance);
      return this.ask("/order", { query });
    }

    rows(order, start, stop) {
      return this.ask("/rows", { query: { order, start, stop } });
    }

    undecided(order, after) {
      return this.ask("/undecided", { query: { order, start: after + 1 } });
    }

    sheet(order, utterance) {
      return this.ask(`/utterances/${utterance}`, { query: { order } });
    }

    /* Writes one edit; the event when it is on disk. Refused with 409 when there is a newer one, or another row. */
    async write(draft, who) {
      const { key, subject, field, comment, base, undoes, seen } = draft;
      const edit = { key, who, subject, field, new: draft.new, comment, base, undoes, seen };
      return (await this.ask("/events", { body: { edits: [edit] } })).events[0];
    }

    /* Who else has this utterance open, and what was written about it since. */
    presence(sheet, { who, editing }) {
      const after = Math.max(0, ...sheet.history.map(({ id }) => id));
      return this.ask("/presence", { body: { subject: sheet.id, who, editing, after } });
    }

    /* The name that edits are kept under: {who, login}; `login`: a proxy says it, and it cannot be chosen. */
    name(chosen) {
      const body = chosen === undefined ? undefined : { name: chosen };
      return this.ask("-name", { body, root: true });
    }

    alignment(utterance, text, signal) {
      return this.ask(`/utterances/${utterance}/alignment`, { body: { text }, signal });
    }
  }

  const storage = {
    put(name, value) {
      try {
        localStorage.setItem(name, JSON.stringify(value));
        return true;
      } catch {
        return false; // private windows, or no room: then the edit lives only as long as the page
      }
    },
    get(name) {
      try {
        return JSON.parse(localStorage.getItem(name));
      } catch {
        return null;
      }
    },
    drop(name) {
      try {
        localStorage.removeItem(name);
      } catch {
        /* nothing was kept */
      }
    },
    names(start) {
      try {
        return Object.keys(localStorage).filter((name) => name.startsWith(start));
      } catch {
        return [];
      }
    },
  };

  function newKey() {
    if (crypto.randomUUID) return crypto.randomUUID();
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  class Outbox {
    /* `send(draft)` gives the written event. `told(state)` hears of every change: {kind: "saved" | "saving" | "failed",
       at, sentence}; `written(draft, event)` and `conflict(draft, answer)` of the fate of an edit. */
    constructor(corpus, { send, told, written, conflict }) {
      Object.assign(this, { name: `${PREFIX}${corpus}.`, send, told, written, conflict });
      this.waiting = [];
      this.watching = [];
      this.heads = new Map();
      this.busy = false;
      this.tries = 0;
      this.timer = null;
      this.savedAt = null;
    }

    /* Edits that an earlier page could not get rid of are sent now. */
    adopt() {
      const kept = storage.names(this.name).map((name) => storage.get(name)).filter((draft) => draft && draft.key);
      kept.sort((a, b) => a.made - b.made);
      for (const draft of kept) if (!this.waiting.some(({ key }) => key === draft.key)) this.waiting.push({ ...draft, refused: null });
      if (kept.length) this.work();
    }

    /* The newest event that this page knows of a field: what the next edit of it is written over. */
    see(subject, field, id) {
      this.heads.set(`${subject} ${field}`, id);
    }

    head(draft) {
      return this.heads.get(`${draft.subject} ${draft.field}`);
    }

    /* An edit is made; one of the same field that was never written is replaced by it. */
    put(draft) {
      const same = (one) => one.subject === draft.subject && one.field === draft.field;
      const place = this.waiting.findIndex((one) => same(one) && (!one.sent || one.refused));
      const before = place >= 0 ? this.waiting[place] : null;
      const made = { key: newKey(), made: Date.now(), base: this.head(draft) ?? null, ...draft };
      if (before) {
        // What takes back an edit that nobody has seen takes back nothing.
        // It keeps its turn: a decision that was made after it goes out after it.
        const { base, made: at } = before;
        Object.assign(made, { key: before.refused ? made.key : before.key, base, made: at, undoing: false });
        storage.drop(this.name + before.key);
        this.waiting[place] = made;
      } else this.waiting.push(made);
      storage.put(this.name + made.key, made);
      this.work();
      return made;
    }

    get empty() {
      return !this.waiting.length;
    }

    /* What the server refused, the oldest first. */
    get refusals() {
      return this.waiting.filter((draft) => draft.refused);
    }

    /* Whether nothing is left that could be sent. */
    get resting() {
      return !this.next;
    }

    get next() {
      return this.waiting.find((draft) => !draft.refused && !this.held(draft));
    }

    /* A decision is about a text: it is not sent while the text that it was made over is refused. */
    held({ subject, field, key }) {
      if (field !== "decision") return false;
      const earlier = this.waiting.slice(0, this.waiting.findIndex((one) => one.key === key));
      return earlier.some((one) => one.subject === subject && one.field === "reference" && one.refused);
    }

    /* The newest edit of a field as soon as it is not on its way any more: null when it is written, else refused, or
       kept because the server is away. */
    settled(subject, field) {
      return new Promise((resolve) => {
        this.watching.push({ subject, field, resolve });
        this.settle();
      });
    }

    settle() {
      this.watching = this.watching.filter(({ subject, field, resolve }) => {
        const draft = this.pending(subject, field);
        if (draft && !draft.refused && !this.tries) return true;
        resolve(draft || null);
        return false;
      });
    }

    /* The newest edit of a field that is still on its way. */
    pending(subject, field) {
      return [...this.waiting].reverse().find((draft) => draft.subject === subject && draft.field === field);
    }

    retry() {
      clearTimeout(this.timer);
      this.tries = 0;
      for (const draft of this.waiting) draft.refused = null;
      this.work();
    }

    async work() {
      if (this.busy) return;
      clearTimeout(this.timer);
      const draft = this.next;
      if (!draft) {
        this.rest();
        return;
      }
      this.busy = true;
      // Its own forerunner may have been written since it was made.
      if (!draft.sent && this.head(draft) !== undefined) draft.base = this.head(draft);
      if (draft.undoing && !draft.sent) draft.undoes = draft.base;
      draft.sent = true;
      storage.put(this.name + draft.key, draft);
      if (!this.tries) this.told({ kind: "saving" });
      try {
        const event = await this.send(draft);
        this.tries = 0;
        this.drop(draft);
        this.see(draft.subject, draft.field, event.id);
        this.savedAt = new Date(event.at);
        this.written(draft, event);
      } catch (error) {
        if (error.status === 409) {
          this.tries = 0;
          this.drop(draft);
          this.keep(draft); // until somebody has said what is to become of it
          await this.conflict(draft, error.answer);
          storage.drop(this.name + draft.key);
        } else if (error.status === 0 || error.status >= 500) {
          this.later(error);
          return;
        } else draft.refused = error.message; // it would be refused again: only a person can say what to do
      }
      this.busy = false;
      this.settle();
      this.work();
    }

    /* Nothing is left that could be sent. */
    rest() {
      if (this.savedAt || this.refusals.length) this.told({ kind: "saved", at: this.savedAt });
    }

    /* In the browser, should the page be closed. */
    keep(draft) {
      storage.put(this.name + draft.key, draft);
    }

    drop(draft) {
      this.waiting = this.waiting.filter((one) => one !== draft);
      storage.drop(this.name + draft.key);
    }

    later(error) {
      this.busy = false;
      this.told({ kind: "failed", sentence: error.message });
      this.timer = setTimeout(() => this.work(), AGAIN_MS[Math.min(this.tries, AGAIN_MS.length - 1)]);
      this.tries += 1;
      this.settle();
    }

    stop() {
      clearTimeout(this.timer);
    }
  }

  Object.assign(review, { Door, Outbox, Refused, storage });
})();
