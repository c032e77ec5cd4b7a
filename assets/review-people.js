/* Who reviews here and who else does: the name edits are kept under, who has the same utterance open, whose text counts. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const POLL_MS = 2000;
  const part = (name) => document.getElementById(`review-${name}`);

  class People {
    constructor(view) {
      this.view = view;
      this.me = "";
      this.login = false;
      this.known = [];
      this.revision = null;
    }

    start() {
      const { signal } = this.view;
      if (this.view.session.writable) this.naming = this.remember().finally(() => { this.naming = null; });
      const again = () => {
        if (signal.aborted) return;
        this.timer = setTimeout(async () => {
          if (!document.hidden) await this.look();
          again();
        }, POLL_MS);
      };
      again();
      signal.addEventListener("abort", () => clearTimeout(this.timer));
    }

    /* Who the server takes this browser for. */
    async remember() {
      try {
        this.call(await this.view.door.name());
      } catch {
        this.call({ who: "", login: false });
      }
    }

    call({ who, login }) {
      Object.assign(this, { me: who, login });
      const box = part("name-text");
      if (box) box.textContent = who || "Your name";
      const asked = part("nameless");
      if (asked && (who || login)) {
        asked.replaceChildren();
        asked.hidden = true;
      }
      if (this.view.session.sheet) this.view.overlap(this.view.session.sheet);
    }

    /* The name of who edits here; asked once, and again only when nobody gave one. */
    async whoami() {
      if (this.naming) await this.naming;
      if (this.me) return this.me;
      this.naming = this.naming || this.rename().finally(() => { this.naming = null; });
      await this.naming;
      if (!this.me) throw new review.Refused("Nobody has said who edits here. Give a name, then it can be saved.", 401);
      return this.me;
    }

    /* The name that an edit is sent under. Nobody's typing is interrupted for it: asked for beside the text. */
    async author() {
      if (this.naming) await this.naming;
      if (this.me) return this.me;
      this.invite();
      throw new review.Refused("Nobody has said who edits here. Give a name, then it can be saved.", 401);
    }

    /* Asks for a name under the text, without taking the focus. */
    async invite() {
      if (this.naming) await this.naming;
      const box = part("nameless");
      if (this.me || this.login || !box || !box.hidden || this.view.signal.aborted) return;
      review.inviteName(box, this.known, (name) => {
        this.view.field.focus();
        this.rename(name);
      });
    }

    async rename(given) {
      if (this.login) return;
      const name = given || await review.askName(this.me, this.known);
      if (!name) return;
      try {
        this.call(await this.view.door.name(name));
        this.view.session.renamed();
        this.view.session.outbox.retry();
      } catch (error) {
        this.view.failed(error);
      }
    }

    /* Asks who else is at the open utterance and what was written about it, and says that we are. */
    async look() {
      const { session, door, list } = this.view;
      const { sheet } = session;
      if (!sheet || this.looking) return;
      this.looking = true;
      try {
        const editing = session.dirty || document.activeElement === this.view.field;
        const told = await door.presence(sheet, { who: session.writable ? this.me : "", editing });
        if (session.sheet !== sheet) return;
        this.known = told.names;
        session.arrived(told.events);
        part("presence").textContent = told.others;
        if (this.revision !== null && told.revision !== this.revision) list.renew();
        this.revision = told.revision;
        review.side.drawDecision(sheet);
      } catch {
        // The banner of the shell tells when the server is away; saving tells its own faults.
      } finally {
        this.looking = false;
      }
    }

    async askConflict(draft, { kind, newer, row, sentence }) {
      const shown = (value) => (Array.isArray(value) ? value.join(", ") : value);
      const field = draft.field === "reference" ? "text" : draft.field;
      if (kind === "row") {
        return review.askConflict({
          title: "The manifest has another row now", sentence: `${sentence} Does your ${field} still hold?`,
          mine: [`Your ${field}`, shown(draft.new)], theirs: ["The manifest's text now", row.reference],
          keep: "It holds", drop: "Drop it",
        });
      }
      const who = newer ? newer.who : "Somebody";
      return review.askConflict({
        title: `${who} changed this ${field} ${newer ? `at ${review.clockTime(newer.at)}` : ""}`,
        sentence: "Yours is not saved yet. Keep yours, and theirs stays in the history; take theirs, and yours is given up.",
        mine: ["Yours", shown(draft.new)], theirs: [`${who}'s`, newer ? shown(newer.new) : null],
        keep: "Keep mine", drop: "Take theirs",
      });
    }
  }

  review.People = People;
})();
