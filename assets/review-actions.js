/* What can be done on the review page: one table of actions, which keys and buttons ([data-review-do]) press alike. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const part = (name) => document.getElementById(`review-${name}`);

  /* What the list of keys says about each action, in its order. */
  const HELP = {
    play: "play or pause", back: "1 second back", forward: "1 second on", slower: "slower", faster: "faster",
    loop: "loop the focused word, or all; again: stop", hear: "play from the focused difference",
    accept: "accept, and go on", reject: "reject with a reason, and go on",
    skip: "leave it for later: on to the next undecided", next: "next utterance", previous: "previous utterance",
    take: "take all that a system heard", majority: "take what more than half of the systems say",
    differences: "to the differences: ← → ↑ ↓ move, Enter takes, Esc leaves",
    edit: "into the text (Esc: out)", original: "the manifest's text again", comment: "comment (Enter: done)",
    tags: "to the tags (digits switch them)", undo: "undo", redo: "redo",
  };

  class Actions {
    /* `view` and what it has: see review.js. */
    constructor(view) {
      this.view = view;
      this.deciding = new Set(); // sheets
      const { session, stage, differences, people } = view;
      const writes = (run) => () => (session.writable && session.sheet ? run() : false);
      this.table = {
        play: () => stage.toggle(),
        back: () => stage.step(-1),
        forward: () => stage.step(1),
        slower: () => view.say(`Speed ${stage.faster(-1)}×`),
        faster: () => view.say(`Speed ${stage.faster(1)}×`),
        loop: () => stage.loop(...(differences.stretch || [])),
        hear: () => this.hear(),
        next: () => { session.go(1); },
        previous: () => { session.go(-1); },
        accept: writes(() => { this.decide("accept"); }),
        reject: writes(() => { this.reject(); }),
        skip: () => { this.skip(); },
        edit: writes(() => { view.field.focus(); view.field.setSelectionRange(view.field.value.length, view.field.value.length); }),
        differences: writes(() => { if (!differences.first()) view.say("No differences"); }),
        majority: writes(() => { this.majority(); }),
        original: writes(() => { session.replace(session.sheet.reference ?? ""); }),
        comment: writes(() => { part("comment").focus(); }),
        tags: writes(() => { part("tags").querySelector("button")?.focus(); }),
        undo: writes(() => { session.undo(); }),
        redo: writes(() => { session.redo(); }),
        name: () => { people.rename(); },
        retry: () => { session.outbox.retry(); },
        show: () => { this.show(); },
        discard: () => { session.discard(); },
        list: () => { view.root.classList.toggle("list-open"); },
      };
      for (let number = 0; number < 9; number += 1) {
        this.table[`take${number + 1}`] = writes(() => (differences.drawing?.systems[number] ? this.takeAll(number) : false));
      }
      this.bind();
    }

    bind() {
      const { keys } = this.view.config;
      const { signal } = this.view;
      const taking = Object.fromEntries((keys.take || []).map((key, number) => [`take${number + 1}`, [key]]));
      const asleep = () => !this.view.session.sheet;
      // Digits switch tags where one of them has the focus; first, or they would take a hypothesis.
      window.addEventListener("keydown", (event) => this.digit(event), { capture: true, signal });
      review.keys.listen(this.table, { ...keys, take: [], ...taking }, asleep, signal);
      window.addEventListener("keydown", (event) => this.leave(event), { capture: true, signal });
      document.addEventListener("click", (event) => {
        const target = event.target instanceof Element ? event.target : null;
        const pressed = target && target.closest("[data-review-do]");
        const tag = target && target.closest("#review-tags [data-tag]");
        if (pressed && !pressed.disabled) this.table[pressed.dataset.reviewDo](event);
        if (tag && !tag.disabled) this.tag(tag.dataset.tag);
      }, { signal });
    }

    digit(event) {
      const within = event.target instanceof Element && event.target.closest("#review-tags");
      if (!within || event.ctrlKey || event.altKey || event.metaKey || !/^[1-9]$/.test(event.key)) return;
      const button = within.querySelectorAll("[data-tag]")[Number(event.key) - 1];
      event.preventDefault();
      event.stopImmediatePropagation();
      if (button) this.tag(button.dataset.tag);
    }

    /* Out of a text by Escape, out of the comment with Enter, so that the plain keys count again. */
    leave(event) {
      if (event.defaultPrevented || review.keys.composing(event)) return;
      const comment = event.target === part("comment");
      if (!comment && event.target !== this.view.field) return;
      if (event.key !== "Escape" && !(comment && event.key === "Enter" && !event.shiftKey && !event.ctrlKey)) return;
      event.preventDefault();
      event.stopPropagation();
      this.view.differences.away();
    }

    take([start, end, put]) {
      const { session } = this.view;
      session.replace(session.text.slice(0, start) + put + session.text.slice(end));
    }

    takeAll(number) {
      const { differences, session } = this.view;
      const system = differences.drawing?.systems[number];
      if (!system) return;
      session.replace(system.text);
      this.view.say(`Took what ${system.name} heard`);
    }

    majority() {
      const { differences, session } = this.view;
      const text = differences.agreed(session.text);
      if (text === null) {
        this.view.say("No majority wants another text");
        return;
      }
      session.replace(text);
      this.view.say("Took what most systems say");
    }

    hear() {
      const { stretch } = this.view.differences;
      if (stretch) this.view.stage.playFrom(stretch[0]);
      else this.view.say("The time of this word is not known");
    }

    /* The row that could not be saved. */
    show() {
      const { session } = this.view;
      const other = session.outbox.refusals.find(({ subject }) => subject !== session.sheet?.id);
      if (other) session.open(other.subject);
    }

    /* Decided is about a text that is saved; the key that is pressed again meanwhile does nothing more. */
    async decide(value, comment = "") {
      const { session } = this.view;
      const { sheet } = session;
      if (this.deciding.has(sheet)) return;
      this.deciding.add(sheet);
      try {
        if (!(await this.decidable(sheet))) return;
        const silent = value === "accept" && !(sheet.values.reference ?? "").trim();
        if (!silent) await this.decided(sheet, value, comment);
        else if (await review.askSilence()) await this.decided(sheet, value, "no speech");
      } finally {
        this.deciding.delete(sheet);
      }
    }

    async decidable(sheet) {
      const { session, people } = this.view;
      session.commit();
      try {
        await people.whoami();
      } catch (error) {
        this.view.failed(error);
        return false;
      }
      return session.textKept(sheet);
    }

    async decided(sheet, value, comment) {
      const { session, config } = this.view;
      session.change(sheet, "decision", value, { comment });
      if (!config.advance || session.sheet !== sheet) return;
      if (!(await session.go(1))) this.view.say(`${review.WORDS[value]}. This was the last one.`);
    }

    async reject() {
      const reason = await review.askReason(this.view.config.reasons);
      if (reason !== null) await this.decide("reject", reason);
    }

    /* On to the next that nobody has decided about; this one stays as it is. */
    async skip() {
      const { session } = this.view;
      try {
        const { next } = await session.undecided();
        if (next === null) this.view.say("Everything after this is decided");
        else await session.open(next.id, next.place);
      } catch (error) {
        this.view.failed(error);
      }
    }

    tag(name) {
      const { session } = this.view;
      if (!session.writable || !session.sheet) return;
      const tags = session.sheet.values.tags || [];
      session.change(session.sheet, "tags", tags.includes(name) ? tags.filter((one) => one !== name) : [...tags, name]);
    }

    comment() {
      const { session } = this.view;
      if (!session.writable || !session.sheet) return;
      const value = part("comment").value.trim();
      if (value !== (session.sheet.values.comment || "")) session.change(session.sheet, "comment", value || null);
    }
  }

  Object.assign(review, { Actions, HELP });
})();
