/* The list beside the editor: a page of the order at a time, with what is decided and why each row is in it. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const PAGE = 50;
  const ICONS = { accept: "check-circle-fill", reject: "x-circle-fill" };

  const make = (parent, name, className, text) => {
    const made = parent.appendChild(document.createElement(name));
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  class List {
    /* `rows(start, stop)` asks the server; `open(id, place)` is called when a row is chosen. */
    constructor({ box, pager }, { rows, open, signal, failed }) {
      Object.assign(this, { box, pager, ask: rows, open, failed });
      this.pages = new Map();
      this.total = 0;
      this.first = null;
      this.current = null;
      box.addEventListener("click", (event) => {
        const row = event.target.closest("[data-id]");
        if (row) open(row.dataset.id, Number(row.dataset.place));
      }, { signal });
      pager.addEventListener("click", (event) => {
        const step = event.target.closest("[data-step]");
        if (step && !step.disabled) this.show(this.first + Number(step.dataset.step) * PAGE);
      }, { signal });
    }

    reset(total) {
      this.pages.clear();
      this.total = total;
      this.first = null;
    }

    /* The rows of a page, from memory or from the server. */
    page(first) {
      if (!this.pages.has(first)) {
        const coming = this.ask(first, Math.min(this.total, first + PAGE)).then(({ rows }) => rows);
        coming.catch(() => this.pages.delete(first));
        this.pages.set(first, coming);
        if (this.pages.size > 6) this.pages.delete(this.pages.keys().next().value);
      }
      return this.pages.get(first);
    }

    /* The row at a place of the order, null beyond its ends. */
    async at(place) {
      if (place < 0 || place >= this.total) return null;
      const first = Math.floor(place / PAGE) * PAGE;
      return (await this.page(first))[place - first] || null;
    }

    /* The row that is being reviewed; its page is shown. */
    async choose(id, place) {
      this.current = id;
      if (place === null) this.mark();
      else await this.show(Math.floor(place / PAGE) * PAGE);
    }

    async show(first) {
      if (first === this.first) {
        this.mark();
        return;
      }
      const rows = await this.page(first).catch((error) => { this.failed(error); return null; });
      if (!rows) return;
      this.first = first;
      this.draw(rows);
    }

    /* Ask for the shown page again: others may have decided. */
    async renew() {
      if (this.first === null) return;
      this.pages.clear();
      const { first } = this;
      const rows = await this.page(first).catch(() => null);
      if (rows && this.first === first) this.draw(rows);
    }

    draw(rows) {
      const within = this.box.contains(document.activeElement) ? document.activeElement.dataset.id : null;
      this.box.replaceChildren();
      rows.forEach((row, number) => this.row(row, this.first + number));
      this.pager.replaceChildren();
      if (this.total > PAGE) {
        const step = (by, icon, label, disabled) => {
          const button = make(this.pager, "button", "icon-button");
          Object.assign(button, { type: "button", title: label, disabled });
          button.setAttribute("aria-label", label);
          button.dataset.step = by;
          make(button, "i", `bi bi-${icon}`);
        };
        step(-1, "chevron-left", "Earlier rows", this.first === 0);
        const last = Math.min(this.total, this.first + PAGE);
        make(this.pager, "span", "num", `${(this.first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${this.total.toLocaleString("en")}`);
        step(1, "chevron-right", "Later rows", last >= this.total);
      }
      this.mark();
      if (within) this.box.querySelector(`[data-id="${CSS.escape(within)}"]`)?.focus();
    }

    row(row, place) {
      const item = make(this.box, "li", "");
      const button = make(item, "button", "review-row");
      button.type = "button";
      Object.assign(button.dataset, { id: row.id, place });
      const head = make(button, "span", "review-row-head");
      make(head, "span", "num", (place + 1).toLocaleString("en"));
      if (row.score) make(head, "span", "review-score num", row.score).title = "Suspicion: how likely something is wrong with it";
      make(head, "span", "num muted", row.duration || "");
      this.state(head, row);
      const text = make(button, "bdi", "review-row-text", row.text || "no text");
      text.dir = "auto";
      if (row.why) make(button, "span", "review-row-why", row.why);
    }

    state(head, { decision, who, corrected, changedBy, overlap }) {
      const box = make(head, "span", "review-row-state");
      if (overlap === "apart" || overlap === "disputed") {
        const words = overlap === "apart" ? "Two people decide about it, each for themselves" : "Two people do not agree about it";
        make(box, "i", `bi bi-${overlap === "apart" ? "people" : "people-fill is-dispute"}`).title = words;
        make(box, "span", "visually-hidden", words);
      }
      if (overlap === "disputed") return;
      if (corrected) make(box, "i", "bi bi-pencil-fill").title = `Corrected by ${corrected}`;
      if (decision) {
        const since = changedBy ? `, before the text was changed by ${changedBy}` : "";
        const icon = changedBy ? "exclamation-circle" : ICONS[decision] || "circle";
        make(box, "i", `bi bi-${icon} is-${decision}`).title = `${decision} by ${who}${since}`;
        make(box, "span", "visually-hidden", `${decision}${since}`);
      }
    }

    /* Tell a row's new state without asking. */
    async update(id, changes) {
      for (const coming of this.pages.values()) {
        const rows = await coming.catch(() => []);
        const row = rows.find((one) => one.id === id);
        if (row) Object.assign(row, changes);
      }
      const button = this.box.querySelector(`[data-id="${CSS.escape(id)}"]`);
      if (!button) return;
      const rows = await this.page(this.first).catch(() => []);
      const row = rows.find((one) => one.id === id);
      const head = button.querySelector(".review-row-head");
      head.querySelector(".review-row-state").remove();
      if (row) {
        this.state(head, row);
        button.querySelector(".review-row-text").textContent = row.text || "no text";
      }
    }

    mark() {
      for (const button of this.box.querySelectorAll(".review-row")) {
        const here = button.dataset.id === this.current;
        button.classList.toggle("is-current", here);
        if (here) {
          button.setAttribute("aria-current", "true");
          this.reveal(button);
        } else button.removeAttribute("aria-current");
      }
    }

    /* Scroll the list only, never the page. */
    reveal(button) {
      const list = this.box;
      const top = button.offsetTop - list.offsetTop;
      if (top < list.scrollTop) list.scrollTop = top - 8;
      else if (top + button.offsetHeight > list.scrollTop + list.clientHeight) {
        list.scrollTop = top + button.offsetHeight - list.clientHeight + 8;
      }
    }
  }

  review.List = List;
})();
