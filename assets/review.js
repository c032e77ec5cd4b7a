/* The review page: an order of utterances, one of them open, and everything that can be done to it by key or button.

   It starts when the element #review (evaluator/pages/review.py) is on the page, starts again when its data-review says
   something else (another corpus, filter, normalizer), and stops when it is gone. The parts are in review-*.js. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const part = (name) => document.getElementById(`review-${name}`);

  const make = (parent, name, className, text) => {
    const made = parent.appendChild(document.createElement(name));
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  /* The door (evaluator/review/edits.py) does the same. */
  function oneLine(text, whole = true) {
    const folded = text.replace(/[ \t]*[\r\n\u2028\u2029][\s]*/g, " ");
    return whole && /[\r\n\u2028\u2029]\s*$/.test(text) ? folded.trimEnd() : folded;
  }

  class View {
    constructor(root, config, signal) {
      Object.assign(this, { root, config, signal });
      this.field = part("text");
      this.door = new review.Door(config);
      this.session = new review.Session(config, this.door, this);
      this.bar = new review.Saved(this.session);
      this.stage = new review.Stage(part("stage"));
      this.list = new review.List({ box: part("rows"), pager: part("pager") }, {
        rows: (start, stop) => this.session.rows(start, stop),
        open: (id) => { root.classList.remove("list-open"); this.session.open(id); },
        failed: (error) => this.failed(error),
        signal,
      });
      this.people = new review.People(this);
      this.differences = new review.Differences(
        { badges: part("systems"), box: part("differences"), note: part("rates-note") },
        {
          take: (edit) => this.actions.take(edit),
          takeAll: (number) => this.actions.takeAll(number),
          hear: (from) => this.stage.playFrom(from),
          signal, writable: this.session.writable,
        },
      );
      this.actions = new review.Actions(this);
      this.listen();
    }

    listen() {
      const { session, signal, field } = this;
      const on = (element, name, run) => element.addEventListener(name, run, { signal });
      on(field, "input", (event) => {
        if (!event.isComposing) this.typed(); // the end of a composition tells its text once
      });
      on(field, "compositionend", () => this.typed());
      on(field, "keydown", (event) => {
        if (event.key === "Enter" && !review.keys.composing(event)) event.preventDefault(); // a text is one line
      });
      on(field, "focus", () => { if (session.writable) this.people.invite(); });
      on(field, "blur", () => session.commit());
      on(part("comment"), "blur", () => this.actions.comment());
      on(window, "beforeunload", (event) => {
        session.commit();
        if (!session.outbox.empty) event.preventDefault();
      });
      // The strip of the recording, and whatever else wants to open an utterance, stay on this page.
      on(document, "earmark:utterance", (event) => {
        event.preventDefault();
        session.open(event.detail);
      });
      on(document, "visibilitychange", () => { if (document.hidden) session.commit(); });
    }

    show(sheet, order) {
      this.root.dataset.state = "open";
      part("empty").hidden = true;
      part("main").hidden = part("side").hidden = false;
      // Before the player: it notes in the address where it stands, when that is about it.
      this.address(sheet.id);
      this.stage.show(sheet);
      // What was done to the last one is done: the plain keys count, unless somebody is typing on.
      if (part("side").contains(document.activeElement)) this.differences.away();
      this.text(this.session.text);
      this.field.readOnly = !this.session.writable;
      this.place(sheet, order);
      part("missing").textContent = sheet.missing.length ? `Not heard by ${sheet.missing.join(", ")}.` : "";
      part("original").textContent = sheet.reference === null ? "The manifest has no text for this utterance." : sheet.reference;
      review.side.draw(sheet);
      this.overlap(sheet);
      this.changedBelow(sheet);
      this.unread(sheet);
      this.bar.again();
      this.list.choose(sheet.id, sheet.place);
      part("presence").textContent = "";
      if (this.config.autoplay) this.stage.play();
      this.people.look();
    }

    /* The ledger cannot be read: the page works on, and what is edited waits in the browser. */
    unread(sheet) {
      const box = part("unread");
      box.hidden = !sheet.unread;
      const waits = this.session.writable ? " What you edit is kept in this browser until it can be saved." : "";
      box.textContent = sheet.unread ? `What was said about this utterance cannot be shown. ${sheet.unread}${waits}` : "";
    }

    /* Two people decide about it: what is hidden, or where they differ. */
    overlap(sheet) {
      review.overlap.draw(sheet, this.people.me, this.session.writable, ({ decision, reason, text }) => {
        if (decision === "accept") this.session.replace(text ?? "");
        this.actions.decide(decision, reason);
      });
    }

    place(sheet, order) {
      const box = part("place");
      box.replaceChildren();
      if (sheet.place === null) {
        box.textContent = "Not in this list";
        return;
      }
      make(box, "b", "", (sheet.place + 1).toLocaleString("en"));
      box.append(` of ${order.total.toLocaleString("en")}`);
    }

    address(id) {
      if (new URLSearchParams(window.location.search).get("u") === id) return;
      window.earmark.address.rewrite(["u", "t", "from", "to"], [["u", id]]);
    }

    async prepare(next) {
      // The sound that is wanted now comes first.
      const limit = Date.now() + 1500;
      while (!this.stage.ready && Date.now() < limit && !this.signal.aborted) await new Promise((go) => { setTimeout(go, 40); });
      if (!this.signal.aborted) this.stage.prepare(next);
    }

    text(value) {
      if (this.signal.aborted) return; // another session draws here now
      const { field } = this;
      if (field.value === value) return;
      const focused = document.activeElement === field;
      const at = field.selectionStart;
      field.value = value;
      if (focused) field.setSelectionRange(Math.min(at, value.length), Math.min(at, value.length));
      this.hidden(value);
    }

    /* What is in the field now; a text is one line, so line breaks that were put in become spaces. */
    typed() {
      const { field } = this;
      if (/[\r\n\u2028\u2029]/.test(field.value)) {
        const at = oneLine(field.value.slice(0, field.selectionEnd), false).length;
        field.value = oneLine(field.value);
        field.setSelectionRange(Math.min(at, field.value.length), Math.min(at, field.value.length));
      }
      this.session.typed(field.value);
    }

    /* Characters that nobody sees are told, because they are often what is wrong. */
    hidden(value) {
      const found = new Map();
      // eslint-disable-next-line no-control-regex
      for (const [letter] of value.matchAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u2060\ufeff]/g)) {
        found.set(letter, (found.get(letter) || 0) + 1);
      }
      const name = (letter) => `U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
      const words = [...found].map(([letter, count]) => `${name(letter)}${count > 1 ? ` (${count} times)` : ""}`).join(", ");
      part("invisible").hidden = !found.size;
      part("invisible").textContent = found.size ? `This text has characters that cannot be seen: ${words}.` : "";
    }

    stale() {
      if (this.signal.aborted) return; // another session draws here now
      this.differences.stale = true;
      part("rates").dataset.state = "waiting";
    }

    aligned(drawing) {
      if (this.signal.aborted) return; // another session draws here now
      part("rates").dataset.state = "ready";
      this.hidden(this.session.text);
      this.differences.draw(drawing);
    }

    unaligned(error) {
      if (this.signal.aborted) return; // another session draws here now
      part("rates").dataset.state = "failed";
      part("rates-note").textContent = `The rates are of an earlier text: ${error.message}.`;
    }

    changed(sheet, field) {
      if (this.signal.aborted) return; // another session draws here now
      const { session } = this;
      if (session.sheet === sheet) {
        review.side.draw(sheet);
        this.overlap(sheet);
      }
      const event = sheet.events.decision;
      this.list.update(sheet.id, {
        decision: sheet.values.decision,
        who: event ? event.who : this.people.me || "you",
        changedBy: review.side.changedBy(sheet),
        overlap: sheet.overlap ? sheet.overlap.state : null,
        text: (sheet.values.reference ?? "").slice(0, 160),
        corrected: sheet.values.reference !== sheet.reference ? (sheet.events.reference?.who || this.people.me || "you") : null,
      });
      if (session.sheet === sheet && (field === "reference" || field === "decision")) this.changedBelow(sheet);
    }

    saved(state) {
      if (!this.signal.aborted && this.session.writable) this.bar.show(state); // else another session draws here now
    }

    empty(order) {
      this.root.dataset.state = "empty";
      part("main").hidden = part("side").hidden = true;
      part("empty").hidden = false;
      part("empty-text").textContent = order.note || "No utterance fits this filter.";
    }

    missing(id, error) {
      this.failed(error);
      if (!this.session.sheet) {
        this.empty({ note: error.message });
      }
    }

    failed(error) {
      this.say(error.message.charAt(0).toUpperCase() + error.message.slice(1), true);
    }

    edge(step) {
      this.say(step > 0 ? "This was the last utterance of the list" : "This is the first utterance of the list");
    }

    /* A few words that go away again. */
    say(words, bad = false) {
      const box = part("said");
      box.textContent = words;
      box.classList.toggle("is-bad", bad);
      clearTimeout(this.saying);
      this.saying = setTimeout(() => { box.textContent = ""; }, bad ? 8000 : 2500);
    }

    /* The manifest says something else than when this was corrected or decided: shown, never merged silently. */
    changedBelow(sheet) {
      const box = part("below");
      const event = ["reference", "decision"].map((field) => sheet.events[field]).find((one) => one && sheet.changed[one.id]);
      box.hidden = !event;
      if (!event) return;
      const { was, now, what } = sheet.changed[event.id];
      box.replaceChildren();
      make(box, "i", "bi bi-exclamation-triangle");
      const words = make(box, "div", "grow");
      make(words, "b", "", `The row has changed since ${event.who} ${event.field === "reference" ? "corrected its text" : "decided"} (${what}).`);
      if (was !== now) {
        const list = make(words, "dl", "review-versions");
        for (const [name, value] of [["then", was], ["now", now]]) {
          make(list, "dt", "", name);
          make(list, "dd", "", value ?? "no text").dir = "auto";
        }
      }
      if (!this.session.writable) return;
      const keep = make(box, "button", "btn btn-secondary", "It still holds");
      keep.type = "button";
      keep.addEventListener("click", () => {
        for (const field of ["reference", "decision"]) {
          if (sheet.events[field] && sheet.changed[sheet.events[field].id]) {
            this.session.change(sheet, field, sheet.values[field], { comment: field === "decision" ? sheet.reason : "", undoing: "again" });
          }
        }
        box.hidden = true;
      });
      if (event.field !== "reference") return;
      const drop = make(box, "button", "btn btn-secondary", "Use the manifest's text");
      drop.type = "button";
      drop.addEventListener("click", () => {
        this.session.replace(sheet.reference ?? "");
        box.hidden = true;
      });
    }

  }

  let running = null;

  function follow() {
    const root = document.getElementById("review");
    if (running && running.root === root && root && running.key === root.dataset.review) return;
    if (running) {
      running.view.session.stop();
      running.view.stage.clear();
      running.root.dataset.state = "opening";
      running.abort.abort();
      running = null;
    }
    if (!root) return;
    const abort = new AbortController();
    const config = JSON.parse(root.dataset.review);
    const view = new View(root, config, abort.signal);
    running = { root, key: root.dataset.review, view, abort };
    view.people.start();
    view.session.start(new URLSearchParams(window.location.search).get("u") || undefined).catch((error) => {
      if (!abort.signal.aborted) view.empty({ note: error.message });
    });
  }

  /* The overlay of keys lists those of the review while it is open. */
  function announce() {
    const bound = () => running !== null;
    for (const [name, help] of Object.entries(review.HELP)) {
      window.earmark.hotkeys.add({
        keys: [], group: "Review", help,
        label: () => {
          const keys = running ? running.view.config.keys[name] || [] : [];
          return (name === "take" ? [keys[0], "…", keys[keys.length - 1]] : keys.map(review.keys.shown)).join(" ");
        },
        when: () => bound() && (running.view.config.keys[name] || []).length > 0,
      });
    }
  }

  function begin() {
    announce();
    new MutationObserver(follow).observe(document.body, {
      childList: true, subtree: true, attributes: true, attributeFilter: ["data-review"],
    });
    follow();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
