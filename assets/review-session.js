/* One visit of the review page: which utterance is open, its text, what was done to it and can be undone.

   A *sheet* is everything about one utterance as the server tells it; `values` are its fields as they are now, ahead of
   the ledger by what the outbox still holds. What others do is in review-merging.js. Every change of a value goes through `change`, which keeps it for undo,
   draws it, and hands it to the outbox. The next sheet is fetched while this one is read. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const { storage } = review;
  const TYPED_MS = 900; // after the last key a draft goes to the server
  const ALIGN_MS = 40;
  const KEPT_SHEETS = 12;

  class Session extends review.Merging {
    /* `view` draws: see review.js. */
    constructor(config, door, view) {
      super();
      Object.assign(this, { config, door, view });
      this.sheets = new Map();
      this.sheet = null;
      this.order = null;
      this.past = [];
      this.future = [];
      this.opening = 0;
      this.timers = {};
      this.outbox = new review.Outbox(config.corpus, {
        send: (draft) => this.send(draft),
        told: (state) => view.saved(state),
        written: (draft, event) => this.written(draft, event),
        conflict: (draft, answer) => this.conflict(draft, answer),
      });
    }

    get writable() {
      return !this.config.read_only;
    }

    async start(utterance) {
      if (this.writable) this.outbox.adopt();
      await this.arrange(utterance);
    }

    /* Ask for the order, and open the utterance of the address, or the first. */
    async arrange(utterance) {
      this.order = await this.door.order(utterance);
      this.view.list.reset(this.order.total);
      const id = this.order.at ? this.order.at.id : null;
      if (id) await this.open(id, this.order.at.place);
      else this.view.empty(this.order);
    }

    /* Asks with the token of the order, and once more with a new one when the server has forgotten it. */
    async withOrder(ask) {
      try {
        return await ask(this.order.token);
      } catch (error) {
        if (error.status !== 410) throw error;
        await this.rearrange();
        return ask(this.order.token);
      }
    }

    /* The same view in a new order: the corpus was loaded anew, or the server has forgotten. What is open stays open. */
    async rearrange() {
      const { sheet } = this;
      this.order = await this.door.order(sheet ? sheet.id : undefined);
      this.sheets.clear();
      this.view.list.reset(this.order.total);
      if (!sheet) return;
      sheet.place = this.order.at ? this.order.at.place : null;
      this.view.place(sheet, this.order);
    }

    rows(start, stop) {
      return this.withOrder((token) => this.door.rows(token, start, stop));
    }

    /* The next row after this one that nobody has decided about. */
    undecided() {
      const after = this.sheet.place ?? -1;
      return this.withOrder((token) => this.door.undecided(token, after));
    }

    fetch(id) {
      if (!this.sheets.has(id)) {
        const coming = this.withOrder((token) => this.door.sheet(token, id)).then((sheet) => this.prepared(sheet));
        this.sheets.set(id, coming);
        // What failed, or lacks what the ledger knows, is asked for again next time.
        coming.then((sheet) => sheet.unread && this.sheets.delete(id), () => this.sheets.delete(id));
        for (const old of [...this.sheets.keys()].slice(0, -KEPT_SHEETS)) {
          if (!this.sheet || old !== this.sheet.id) this.sheets.delete(old);
        }
      }
      return this.sheets.get(id);
    }

    /* Values as the ledger has them, or the row where it has none; what still waits in the outbox comes on top. */
    prepared(sheet) {
      sheet.origin = { reference: sheet.reference, decision: null, comment: null, tags: null };
      sheet.values = {};
      for (const field of Object.keys(sheet.origin)) this.adoptEvent(sheet, field, sheet.events[field] || null);
      return sheet;
    }

    adoptEvent(sheet, field, event) {
      sheet.events[field] = event;
      this.outbox.see(sheet.id, field, event ? event.id : null);
      const pending = this.outbox.pending(sheet.id, field);
      const newest = pending || event;
      sheet.values[field] = newest ? newest.new : sheet.origin[field];
      if (field !== "decision") return;
      sheet.reason = newest ? newest.comment : "";
      sheet.accepted = pending ? pending.over ?? sheet.values.reference : review.side.textAt(sheet, event);
    }

    async open(id, place = null) {
      this.opening += 1;
      const mine = this.opening;
      this.heading = place;
      this.commit();
      let sheet;
      try {
        sheet = await this.fetch(id);
      } catch (error) {
        if (mine === this.opening) {
          this.heading = null;
          this.view.missing(id, error);
        }
        return;
      }
      if (mine !== this.opening) return;
      this.commit(); // what was typed while this sheet was on its way belongs to the one before
      this.heading = null;
      this.sheet = sheet;
      this.text = sheet.values.reference ?? "";
      const draft = this.writable ? storage.get(this.draftName(sheet.id)) : null;
      this.view.show(sheet, this.order);
      if (draft !== null && draft !== this.text) this.typed(draft, true);
      else if (sheet.alignment && sheet.alignmentOf === this.text) this.view.aligned(sheet.alignment);
      else this.align(0);
      this.prefetch();
    }

    /* The next sheet and its player, and the one before: whoever goes back is not kept waiting either. */
    async prefetch() {
      const { sheet } = this;
      if (sheet.place === null) return;
      try {
        for (const step of [1, -1]) {
          const row = await this.view.list.at(sheet.place + step);
          if (!row || this.sheet !== sheet) continue;
          const near = await this.fetch(row.id);
          if (this.sheet === sheet && step > 0) await this.view.prepare(near, sheet);
        }
      } catch {
        // What cannot be had now is asked for again, with its sentence, when it is wanted.
      }
    }

    async go(step) {
      const { sheet } = this;
      if (!sheet) return false;
      // Who presses the key twice quickly goes on from where the first press leads.
      const from = this.heading ?? sheet.place;
      const place = from === null ? 0 : from + step;
      if (place >= 0 && place < this.order.total) this.heading = place;
      const row = await this.view.list.at(place).catch((error) => { this.view.failed(error); return undefined; });
      if (row === undefined) {
        this.heading = null;
        return false;
      }
      if (row === null) {
        this.view.edge(step);
        return false;
      }
      await this.open(row.id, place);
      return true;
    }

    /* ---- the text ---- */

    draftName(id) {
      return `earmark.review.draft.${this.config.corpus}.${id}`;
    }

    /* The text is another one now: kept in the browser at once, sent when the typing rests. */
    typed(text, put = false) {
      this.text = text;
      if (put) this.view.text(text);
      clearTimeout(this.timers.commit);
      this.timers.commit = setTimeout(() => this.commit(), TYPED_MS);
      storage.put(this.draftName(this.sheet.id), text);
      this.view.saved({ kind: "draft" });
      this.align(ALIGN_MS);
    }

    /* A text that was not typed: taken over, restored. Saved at once. */
    replace(text) {
      if (text === this.text) return;
      this.commit();
      this.typed(text, true);
      this.commit();
    }

    /* The text as it is saved: one of nothing but white space is empty. */
    get kept() {
      return this.text.trim() ? this.text : "";
    }

    get dirty() {
      const saved = this.sheet?.values.reference ?? "";
      return Boolean(this.sheet) && this.writable && this.text !== saved && this.kept !== saved;
    }

    commit() {
      clearTimeout(this.timers.commit);
      if (!this.sheet) return;
      if (this.dirty) this.change(this.sheet, "reference", this.kept);
      else if (this.writable) {
        storage.drop(this.draftName(this.sheet.id));
        if (this.outbox.resting) this.view.saved({ kind: "saved", at: this.outbox.savedAt });
      }
    }

    align(delay) {
      const { sheet, text } = this;
      clearTimeout(this.timers.align);
      this.view.stale();
      this.timers.align = setTimeout(async () => {
        if (this.asking) this.asking.abort();
        this.asking = new AbortController();
        try {
          const drawing = await this.door.alignment(sheet.id, text, this.asking.signal);
          sheet.alignment = drawing;
          sheet.alignmentOf = text;
          if (this.sheet === sheet && this.text === text) this.view.aligned(drawing);
        } catch (error) {
          if (error.name !== "AbortError" && this.sheet === sheet) this.view.unaligned(error);
        }
      }, delay);
    }

    /* ---- changes ---- */

    /* Give a field a new value. Remembered for undo, unless `undoing` says that it is one ("undo"), or that it only says
       again what was said before ("again"). */
    change(sheet, field, value, { comment = "", undoing = null } = {}) {
      if (!this.writable) return;
      const before = { value: sheet.values[field], comment: field === "decision" ? sheet.reason : "" };
      if (!undoing) {
        this.past.push({ id: sheet.id, field, before, after: { value, comment } });
        this.future = [];
        if (this.past.length > 200) this.past.shift();
      }
      sheet.values[field] = value;
      const over = field === "decision" ? sheet.values.reference : undefined;
      if (field === "decision") {
        Object.assign(sheet, { reason: comment, accepted: over });
        if (sheet.overlap?.state === "disputed") sheet.overlap = { ...sheet.overlap, state: "settled" };
      }
      const draft = {
        subject: sheet.id, field, new: value, comment, seen: sheet.seen, undoing: undoing === "undo", undoes: null,
        over, place: sheet.place, order: this.order.token,
      };
      this.outbox.put(draft);
      if (field === "reference") storage.drop(this.draftName(sheet.id));
      this.view.changed(sheet, field);
    }

    async send(draft) {
      return this.door.write(draft, await this.view.people.author());
    }

    written(draft, event) {
      const open = this.sheet && this.sheet.id === draft.subject ? this.sheet : null;
      Promise.resolve(open || this.sheets.get(draft.subject)).then((sheet) => {
        if (!sheet) return;
        // A sheet that was on its way when the edit of an earlier page was written does not know of it.
        const untouched = draft.field === "reference" && this.sheet === sheet && !this.dirty;
        this.adoptEvent(sheet, draft.field, event);
        if (untouched && this.dirty) this.reset();
        if (!sheet.history.some(({ id }) => id === event.id)) sheet.history.push(event);
        this.view.changed(sheet, draft.field);
        if (!sheet.overlap || draft.field !== "decision") return;
        if (this.sheet === sheet) this.refresh(sheet); // what the other one says may be seen now
        else this.sheets.delete(draft.subject);
      }).catch(() => {});
    }

    async undo() {
      this.commit();
      await this.travel(this.past, this.future, "before");
    }

    async redo() {
      this.commit();
      await this.travel(this.future, this.past, "after");
    }

    async travel(from, to, side) {
      const step = from.pop();
      if (!step) {
        this.view.say(side === "before" ? "Nothing to undo" : "Nothing to redo");
        return;
      }
      to.push(step);
      if (this.sheet.id !== step.id) {
        await this.open(step.id);
      }
      const { value, comment } = step[side];
      this.change(this.sheet, step.field, value, { comment, undoing: "undo" });
      if (step.field === "reference") this.reset();
      this.view.say(`${side === "before" ? "Undone" : "Done again"}: ${step.field === "reference" ? "text" : step.field}`);
    }

    stop() {
      this.commit();
      for (const timer of Object.values(this.timers)) clearTimeout(timer);
      if (this.asking) this.asking.abort();
      this.outbox.stop();
    }
  }

  review.Session = Session;
})();
