/* What others do to the utterance that is open, and whose edit is kept when two were made over the same state. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};

  /* The part of a session (review-session.js) that hears of other people's events. */
  class Merging {
    /* Somebody else's newer events of the open utterance: taken over, unless there is work of our own in the way. */
    arrived(events) {
      const { sheet } = this;
      if (sheet.overlap) {
        const known = (event) => sheet.history.some(({ id }) => id === event.id);
        if (!events.every(known)) this.refresh(sheet);
        return;
      }
      for (const event of events) {
        const known = sheet.events[event.field];
        if (known && known.id >= event.id) continue;
        if (this.outbox.pending(sheet.id, event.field)) continue; // the ledger will refuse it, and then we ask
        if (!sheet.history.some(({ id }) => id === event.id)) sheet.history.push(event);
        if (event.field === "reference" && this.dirty) continue; // the base stays the one that was seen
        this.adoptEvent(sheet, event.field, event);
        if (event.field === "reference") this.reset();
        this.view.changed(sheet, event.field);
        this.view.say(`${event.who} changed the ${event.field === "reference" ? "text" : event.field} at ${review.clockTime(event.at)}`);
      }
    }

    /* The ledger has a newer event than the one that the edit was made over, or the manifest another row: whose is kept? */
    async conflict(draft, { kind, newer = null, row = null, error }) {
      await this.concede(draft, { kind, newer });
      const agreed = kind === "stale" && newer && JSON.stringify(newer.new) === JSON.stringify(draft.new);
      const answer = agreed ? "theirs" : await this.view.people.askConflict(draft, { kind, newer, row, sentence: error });
      if (kind === "row") this.sheets.delete(draft.subject);
      const sheet = await this.fetch(draft.subject).catch(() => null);
      if (!sheet) return;
      const here = this.sheet && this.sheet.id === sheet.id;
      if (here && this.sheet !== sheet) await this.open(sheet.id);
      if (answer === "mine") {
        this.change(sheet, draft.field, draft.new, { comment: draft.comment, undoing: "again" });
      } else if (draft.field === "reference" && !agreed) this.undecide(sheet, draft.subject); // it was about the text that is given up
      if (here && draft.field === "reference") this.reset();
      this.view.changed(sheet, draft.field);
    }

    /* Whether the text of a sheet is on disk, or first in line while the server is away: what was refused, or is another
       one by now, must be looked at before anything is decided. */
    async textKept(sheet) {
      const text = sheet.values.reference;
      const draft = await this.outbox.settled(sheet.id, "reference");
      const other = sheet.values.reference !== text || (this.sheet.id === sheet.id && this.sheet !== sheet);
      if (draft && draft.refused) this.view.say("Nothing is decided: the text could not be saved", true);
      else if (other) this.view.say("Nothing is decided: the text is another one now");
      else return true;
      return false;
    }

    /* The edit that the server refused is given up: the field is what it was, and so is a decision that was made over it.
       Of the open row, else of the one that the bar names. */
    async discard() {
      const { refusals } = this.outbox;
      const refused = refusals.find(({ subject }) => subject === this.sheet?.id) || refusals[0];
      if (!refused) return;
      const sheet = await this.fetch(refused.subject).catch(() => null);
      this.withdraw(sheet, refused);
      if (refused.field === "reference") this.undecide(sheet, refused.subject);
      if (sheet && this.sheet === sheet && refused.field === "reference") this.reset();
      this.view.saved({ kind: "saved", at: this.outbox.savedAt });
      this.outbox.work();
    }

    /* A decision that waits behind a text which is not kept is not made. */
    undecide(sheet, subject) {
      const decision = this.outbox.pending(subject, "decision");
      if (decision && !decision.sent) this.withdraw(sheet, decision);
    }

    withdraw(sheet, draft) {
      this.outbox.drop(draft);
      if (!sheet) return; // the corpus does not have it any more
      this.adoptEvent(sheet, draft.field, sheet.events[draft.field] || null);
      this.view.changed(sheet, draft.field);
    }

    /* While it is asked, the page shows what is saved. What was edited since the refused edit went out is part of it. */
    async concede(draft, { kind, newer }) {
      const sheet = await this.fetch(draft.subject).catch(() => null);
      if (!sheet) return;
      const later = this.outbox.pending(draft.subject, draft.field);
      if (later) {
        Object.assign(draft, { new: later.new, comment: later.comment });
        this.outbox.drop(later);
      }
      const open = this.sheet === sheet && draft.field === "reference";
      if (open && this.dirty) draft.new = this.kept;
      this.outbox.keep(draft);
      if (kind !== "stale") return;
      if (newer && !sheet.history.some(({ id }) => id === newer.id)) sheet.history.push(newer);
      this.adoptEvent(sheet, draft.field, newer);
      if (open) this.reset();
      this.view.changed(sheet, draft.field);
    }

    /* What may be seen of the open utterance is another thing now: asked for again, unless own work is in the way. */
    async refresh(sheet) {
      const busy = () => this.sheet !== sheet || this.dirty || Object.keys(sheet.origin).some((field) => this.outbox.pending(sheet.id, field));
      if (busy()) return;
      this.sheets.delete(sheet.id);
      const fresh = await this.fetch(sheet.id).catch(() => null);
      if (!fresh || this.sheet !== sheet) return;
      this.sheets.set(sheet.id, Promise.resolve(sheet));
      if (busy()) return; // it is asked for again with the next look
      Object.assign(sheet, fresh);
      if (this.text !== (sheet.values.reference ?? "")) this.reset();
      this.view.changed(sheet, "decision");
    }

    /* Somebody else looks now: what may be seen of what two people decide about depends on who does. */
    renamed() {
      const { sheet } = this;
      for (const id of [...this.sheets.keys()]) if (!sheet || id !== sheet.id) this.sheets.delete(id);
      if (sheet && sheet.overlap) this.refresh(sheet);
      this.view.list.renew();
    }

    /* The text in the editor is that of the sheet again. */
    reset() {
      this.text = this.sheet.values.reference ?? "";
      clearTimeout(this.timers.commit);
      review.storage.drop(this.draftName(this.sheet.id));
      this.view.text(this.text);
      this.align(0);
    }
  }

  review.Merging = Merging;
})();
