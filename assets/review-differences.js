/* What every system heard under the text that is being edited: rates, aligned words, and each difference as something
   to take over with one click or key.

   A system's name takes the whole of what it heard. In the words, one difference at a time can be reached with Tab; the
   arrows go to its neighbours, Enter takes it and goes on to the next. Words whose times are known are played from when
   they are clicked. The drawing comes from evaluator/review/live_alignment.py. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const KINDS = { S: "substitute", D: "delete", I: "insert" };
  const TOLD = { S: "substituted", D: "left out", I: "added" };
  const GAP = "***";

  const make = (parent, name, className, text) => {
    const made = parent.appendChild(document.createElement(name));
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  class Differences {
    /* `take(edit)` changes the text, `takeAll(number)` puts in a whole hypothesis, `hear(from, to)` plays. */
    constructor({ badges, box, note }, { take, takeAll, hear, signal, writable }) {
      Object.assign(this, { badges, box, note, take, takeAll, hear, writable });
      this.drawing = null;
      this.stale = false;
      this.wish = null; // where the focus goes with the next drawing
      this.queued = 0;
      box.addEventListener("click", (event) => this.click(event), { signal });
      window.addEventListener("keydown", (event) => this.key(event), { capture: true, signal });
      badges.addEventListener("click", (event) => {
        const badge = event.target.closest("[data-system]");
        if (badge && !badge.disabled) this.takeAll(Number(badge.dataset.system));
      }, { signal });
    }

    /* The text with every edit that the majority wants, the last first, so that places stay true. */
    agreed(text) {
      if (this.stale || !this.drawing || !this.drawing.majority.length) return null;
      const edits = [...this.drawing.majority].reverse();
      return edits.reduce((whole, [start, end, put]) => whole.slice(0, start) + put + whole.slice(end), text).trimEnd();
    }

    get options() {
      return [...this.box.querySelectorAll("[data-take]")];
    }

    draw(drawing) {
      const focused = this.box.contains(document.activeElement);
      this.drawing = drawing;
      this.stale = false;
      this.drawBadges(drawing);
      this.box.replaceChildren();
      this.note.textContent = this.sentence(drawing);
      if (!drawing.columns.length || !drawing.systems.length) return;
      const view = make(this.box, "div", "align-view");
      const names = ["text", ...drawing.systems.map(({ name }) => name)];
      const gutter = make(view, "div", "align-gutter");
      gutter.setAttribute("aria-hidden", "true");
      const wide = drawing.columns.reduce((sum, column) => sum + this.width(column), 0);
      for (let line = 0; line < Math.min(drawing.columns.length, 2 + wide / 12); line += 1) {
        const box = make(gutter, "div", "align-names");
        for (const name of names) make(box, "span", "", name).title = name;
      }
      const columns = make(view, "div", "align-columns");
      columns.dir = "auto";
      columns.setAttribute("role", "group");
      columns.setAttribute("aria-label", "Differences; the arrow keys go to the next, Enter takes it");
      drawing.columns.forEach((column, number) => {
        if (typeof column === "number") this.fold(columns, column, names.length);
        else this.column(columns, column, number);
      });
      this.settle(focused);
    }

    width(column) {
      if (typeof column === "number") return 20;
      return 2 + Math.max(...[column[0], ...column[5].map((cell) => cell[1])].map((token) => (token || GAP).length));
    }

    sentence(drawing) {
      const { normalizer, unit } = drawing;
      const units = unit === "character" ? " Compared by characters: this text has no spaces between words." : "";
      if (!drawing.systems.length) return "No system has recognized this utterance yet.";
      const left = drawing.hidden ? ` The last ${drawing.hidden.toLocaleString("en")} columns are not drawn.` : "";
      return `Rates ${drawing.words ? drawing.base : `- ${drawing.base}`}, normalizer ${normalizer.title}, version ${normalizer.version}.${units}${left}`;
    }

    drawBadges(drawing) {
      this.badges.replaceChildren();
      if (drawing.majority.length && this.writable) {
        const badge = make(this.badges, "button", "review-system is-majority");
        badge.type = "button";
        badge.dataset.reviewDo = "majority";
        const many = drawing.majority.length;
        badge.title = "Take what more than half of the systems say, word by word";
        make(badge, "i", "bi bi-people-fill").setAttribute("aria-hidden", "true");
        make(badge, "b", "", "majority");
        make(badge, "span", "num", many === 1 ? "1 word" : `${many.toLocaleString("en")} words`);
      }
      drawing.systems.forEach((system, number) => {
        const badge = make(this.badges, "button", `review-system${system.same ? " is-same" : ""}`);
        badge.type = "button";
        badge.dataset.system = number;
        badge.disabled = !this.writable;
        const key = number < 9 ? ` (${number + 1})` : "";
        badge.title = `Take what ${system.name} heard as the text${key}: ${system.text.slice(0, 200) || "nothing"}`;
        if (number < 9 && this.writable) make(badge, "kbd", "", String(number + 1));
        make(badge, "b", "", system.name);
        make(badge, "span", "num", ` WER ${system.wer} · CER ${system.cer}`);
        const told = make(badge, "span", "review-told");
        for (const [letter, count] of system.told) {
          if (count) make(told, "i", `align-${KINDS[letter]}`, `${count.toLocaleString("en")} ${letter}`).title = TOLD[letter];
        }
      });
    }

    fold(parent, count, rows) {
      const column = make(parent, "span", "align-column align-fold");
      column.style.minHeight = `calc(var(--align-row) * ${rows})`;
      make(column, "span", "", count === 1 ? "… 1 correct …" : `… ${count.toLocaleString("en")} correct …`);
    }

    column(parent, [token, start, end, from, to, cells], number) {
      const box = make(parent, "span", "align-column");
      const head = make(box, "span", token === null ? "align-cell align-gap" : "align-cell align-reference", token === null ? GAP : token);
      if (token !== null) Object.assign(head.dataset, { start, end });
      this.time(head, from, to, token);
      cells.forEach(([kind, heard, begins, ends, edit], system) => {
        if (kind === "") {
          make(box, "span", "align-cell", "\u00a0");
          return;
        }
        const { name } = this.drawing.systems[system];
        if (!edit) {
          const cell = make(box, "span", "align-cell align-equal", heard);
          cell.title = `${name}: ${heard}`;
          this.time(cell, begins ?? from, ends ?? to, heard);
          return;
        }
        const cell = make(box, this.writable ? "button" : "span", `align-cell align-${KINDS[kind]}`);
        make(cell, "span", "", heard || GAP);
        make(cell, "span", "align-letter", kind);
        const told = { S: `“${heard}” instead of “${token}”`, D: `“${token}” left out`, I: `“${heard}” added` }[kind];
        cell.title = `${name}: ${told}${this.writable ? "; Enter or a click takes it" : ""}`;
        if (!this.writable) return;
        cell.type = "button";
        cell.tabIndex = -1;
        cell.setAttribute("aria-label", `Take from ${name}: ${told}`);
        cell.dataset.take = JSON.stringify(edit);
        Object.assign(cell.dataset, { column: number, system });
        if ((begins ?? from) !== null) Object.assign(cell.dataset, { from: begins ?? from, to: ends ?? to });
      });
    }

    time(cell, from, to, token) {
      if (from === null || from === undefined) return;
      Object.assign(cell.dataset, { from, to, hear: "1" });
      cell.title = `${token || ""} (a click plays from here)`.trim();
    }

    /* After a drawing: one difference is in the order of Tab; the focus goes where it was wanted. */
    settle(focused) {
      const options = this.options;
      const { wish } = this;
      this.wish = null;
      if (!options.length) {
        this.queued = 0;
        if (focused || wish) this.away();
        return;
      }
      let next = options[0];
      if (wish) {
        const after = (one) => JSON.parse(one.dataset.take)[0] >= wish.place;
        next = options.find((one) => Number(one.dataset.system) === wish.system && after(one)) || options.find(after) || options[0];
      }
      next.tabIndex = 0;
      if (focused || wish) next.focus({ preventScroll: false });
      if (this.queued && wish) {
        this.queued -= 1;
        this.choose(next);
      }
    }

    /* Nothing is left to take: the keys of the page count again. */
    away() {
      const focused = document.activeElement;
      if (focused && focused !== document.body && !focused.isConnected) document.body.focus();
      const main = document.getElementById("review-main");
      if (main) main.focus({ preventScroll: true });
    }

    first() {
      const { options } = this;
      if (!options.length) return false;
      this.focus(options.find((one) => one.tabIndex === 0) || options[0]);
      return true;
    }

    focus(option) {
      for (const one of this.box.querySelectorAll("[data-take][tabindex='0']")) one.tabIndex = -1;
      option.tabIndex = 0;
      option.focus();
    }

    get focused() {
      const option = document.activeElement;
      return option instanceof Element && this.box.contains(option) && option.dataset.take ? option : null;
    }

    key(event) {
      const option = this.focused;
      if (!option || event.ctrlKey || event.altKey || event.metaKey || review.keys.composing(event)) return;
      const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: "down", ArrowUp: "up", Home: "home", End: "end" };
      if (event.key === "Enter") this.choose(option);
      else if (event.key === "Escape") this.away();
      else if (event.key in moves && !event.shiftKey) this.move(option, moves[event.key]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    move(option, where) {
      const { options } = this;
      const column = Number(option.dataset.column);
      const system = Number(option.dataset.system);
      const at = options.indexOf(option);
      let next;
      if (where === "home") next = options[0];
      else if (where === "end") next = options[options.length - 1];
      else if (where === "down" || where === "up") {
        const step = where === "down" ? 1 : -1;
        const same = options.filter((one) => Number(one.dataset.column) === column);
        next = same[same.indexOf(option) + step];
      } else {
        const rtl = getComputedStyle(option.closest(".align-columns")).direction === "rtl";
        const step = rtl ? -where : where;
        const beyond = step > 0 ? options.slice(at + 1) : options.slice(0, at).reverse();
        const others = beyond.filter((one) => Number(one.dataset.column) !== column);
        // The same system in the next column that it differs in, when that is the nearest difference.
        next = others.length
          ? others.find((one) => one.dataset.column === others[0].dataset.column && Number(one.dataset.system) === system) || others[0]
          : null;
      }
      if (next) this.focus(next);
    }

    choose(option) {
      if (this.stale) {
        this.queued += 1;
        return;
      }
      const edit = JSON.parse(option.dataset.take);
      this.wish = { system: Number(option.dataset.system), place: edit[0] + edit[2].length };
      this.stale = true;
      this.take(edit);
    }

    click(event) {
      const option = event.target.closest("[data-take]");
      const heard = event.target.closest("[data-hear]");
      if (option) this.choose(option);
      else if (heard) this.hear(Number(heard.dataset.from), Number(heard.dataset.to));
    }

    /* Seconds of the difference that has the focus, when they are known. */
    get stretch() {
      const option = this.focused;
      return option && option.dataset.from !== undefined ? [Number(option.dataset.from), Number(option.dataset.to)] : null;
    }
  }

  review.Differences = Differences;
})();
