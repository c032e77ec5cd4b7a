/* What others do to the utterance that is open, and whose edit is kept when two were made over the same state. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};

  /* The part of a session (review-session.js) that hears of other people's events. */
  class Merging {
    /* Somebody else's newer events of the open utterance: taken over, unless there is work of our own in the way. */
    arrived(events) {
      const { sheet } = this;
      for (const event of events) {
        const known = sheet.events[event.field];
        if (known && known.id >= event.id) continue;
        if (this.outbox.pending(sheet.id, event.field)) continue; // the ledger will refuse it, and then we ask
        if (!sheet.history.some(({ id }) => id === event.id)) sheet.history.push(event);
        if (event.field === "reference" && this.dirty) continue; // the base stays the one that was seen
        this.adoptEvent(sheet, event.field, event);
        if (event.field === "reference") this.reset();
        this.view.changed(sheet, event.field);
        this.view.say(`${event.who} changed the ${event.field === "reference" ? "text" : event.field} ${review.ago(event.at)}`);
      }
    }

    /* The ledger has a newer event than the one that the edit was made over, or the manifest another row: whose is kept? */
    async conflict(draft, { kind, newer = null, row = null, error }) {
      const agreed = kind === "stale" && newer && JSON.stringify(newer.new) === JSON.stringify(draft.new);
      const answer = agreed ? "theirs" : await this.view.people.askConflict(draft, { kind, newer, row, sentence: error });
      if (kind === "row") this.sheets.delete(draft.subject);
      const sheet = await this.fetch(draft.subject).catch(() => null);
      if (!sheet) return;
      if (kind === "stale") {
        if (newer && !sheet.history.some(({ id }) => id === newer.id)) sheet.history.push(newer);
        this.adoptEvent(sheet, draft.field, newer);
      }
      const here = this.sheet && this.sheet.id === sheet.id;
      if (here && this.sheet !== sheet) await this.open(sheet.id);
      if (answer === "mine") {
        this.change(sheet, draft.field, draft.new, { comment: draft.comment, undoing: "again" });
      }
      if (here && draft.field === "reference") this.reset();
      this.view.changed(sheet, draft.field);
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
