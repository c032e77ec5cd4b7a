/* What the bar of the review page says about saving: how the open row stands, and which other row could not be saved. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const part = (name) => document.getElementById(`review-${name}`);

  class Saved {
    constructor(session) {
      this.session = session;
      this.state = { kind: "saved", at: null };
    }

    /* `state`: {kind: "saved" | "saving" | "draft" | "failed", at, sentence}; what was refused the outbox knows. */
    show(state) {
      this.state = state;
      if (!part("saved")) return; // nothing is saved where everything can only be read
      const { outbox, sheet } = this.session;
      const refused = outbox.refusals;
      const own = refused.find(({ subject }) => sheet && subject === sheet.id);
      const other = refused.find(({ subject }) => !sheet || subject !== sheet.id);
      const failed = state.kind === "failed" ? state.sentence : (state.kind === "saved" && own && own.refused) || "";
      const box = part("saved");
      const words = this.words(state, failed);
      box.dataset.state = failed ? "failed" : state.kind;
      if (box.textContent !== words) box.textContent = words; // it is read aloud when it changes
      part("retry").hidden = !failed;
      part("discard").hidden = !own && !other;
      const link = part("show");
      link.hidden = !other;
      link.textContent = other ? `${this.row(other)} is not saved` : "";
      link.title = other ? `${other.refused} Shows it.` : "";
    }

    /* Another row is open now: what was being typed belongs to the one before. */
    again() {
      const { outbox } = this.session;
      const resting = outbox.resting ? { kind: "saved", at: outbox.savedAt } : { kind: "saving" };
      this.show(this.state.kind === "draft" ? resting : this.state);
    }

    words(state, failed) {
      if (failed) return `Not saved: ${failed}`;
      if (state.kind === "saved") return state.at ? `Saved ${review.clockTime(state.at)}` : "";
      return state.kind === "saving" ? "Saving…" : "Typing…";
    }

    /* A place is that of the order in which the edit was made. */
    row({ place, order }) {
      const known = typeof place === "number" && this.session.order && order === this.session.order.token;
      return known ? `Row ${(place + 1).toLocaleString("en")}` : "Another row";
    }
  }

  review.Saved = Saved;
})();
