/* What stands beside the text: why the row is here, what was decided and by whom, tags, comment, history, metadata. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const WORDS = { accept: "Accepted", reject: "Rejected" };
  const FIELDS = { reference: "text", decision: "decision", comment: "comment", tags: "tags" };

  const make = (parent, name, className, text) => {
    const made = parent.appendChild(document.createElement(name));
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  /* "10:32:05", with the day when it was another one. */
  function clockTime(at) {
    const time = at instanceof Date ? at : new Date(at);
    const words = time.toLocaleTimeString("en-GB");
    return time.toDateString() === new Date().toDateString() ? words : `${time.toLocaleDateString("en-CA")} ${words}`;
  }

  /* "10 s ago" */
  function ago(at) {
    const seconds = Math.max(0, Math.round((Date.now() - new Date(at).getTime()) / 1000));
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return `on ${new Date(at).toLocaleDateString("en-CA")}`;
  }

  const part = (name) => document.getElementById(`review-${name}`);

  function drawWhy(sheet) {
    const box = part("why");
    box.replaceChildren();
    box.closest(".panel").hidden = !sheet.why.length;
    for (const { title, words, strength } of sheet.why) {
      const item = make(box, "li", "");
      make(item, "b", "", title);
      if (strength) make(item, "span", "num muted", strength).title = "How strongly this speaks for an error";
      make(item, "span", "review-why-words", words);
    }
  }

  /* The text that stood there when an event was written. */
  function textAt(sheet, event) {
    if (!event) return sheet.values.reference;
    const { overlap } = sheet; // of two people who decide each for themselves, each has their own text
    const apart = overlap && (overlap.opened === null || event.id <= overlap.opened);
    const texts = sheet.history.filter(({ field, who }) => field === "reference" && (!apart || who === event.who)).sort((a, b) => a.id - b.id);
    const before = texts.filter(({ id }) => id < event.id);
    const first = texts.length ? texts[0].old : sheet.reference;
    return (before.length ? before[before.length - 1].new : first) ?? sheet.reference;
  }

  /* Who changed the text since it was accepted; null when it is the one that was accepted, and when it was not. */
  function changedBy(sheet) {
    const text = sheet.values.reference ?? "";
    if (sheet.values.decision !== "accept" || (sheet.accepted ?? "") === text) return null;
    const event = sheet.events.reference;
    return event && (event.new ?? "") === text ? event.who : "you";
  }

  function drawDecision(sheet) {
    const box = part("decision");
    const disputed = sheet.overlap?.state === "disputed";
    const value = disputed ? null : sheet.values.decision;
    box.replaceChildren();
    box.className = `review-decision is-${value || "open"}`;
    make(box, "b", "", WORDS[value] || (disputed ? "Two opinions" : "Not decided yet"));
    if (value && sheet.reason) make(box, "span", "review-reason", sheet.reason);
    const event = sheet.events.decision;
    if (event && value) {
      const by = make(box, "span", "muted", `by ${event.who}, ${ago(event.at)}`);
      by.title = clockTime(event.at);
    } else if (value) make(box, "span", "muted", "being saved");
    const changed = value ? changedBy(sheet) : null;
    if (changed) make(box, "span", "review-outdated", `accepted before the text was changed by ${changed}`);
    for (const button of document.querySelectorAll("[data-decision]")) {
      button.setAttribute("aria-pressed", String(button.dataset.decision === value));
    }
  }

  function drawTags(sheet) {
    const chosen = new Set(sheet.values.tags || []);
    for (const button of part("tags").querySelectorAll("[data-tag]")) {
      const on = chosen.has(button.dataset.tag);
      button.setAttribute("aria-pressed", String(on));
      button.classList.toggle("chosen", on);
      chosen.delete(button.dataset.tag);
    }
    // Tags that somebody else's configuration knew.
    const others = part("tags-others");
    others.textContent = [...chosen].join(", ");
    others.hidden = !chosen.size;
  }

  function drawComment(sheet) {
    const field = part("comment");
    const value = sheet.values.comment || "";
    if (document.activeElement !== field && field.value !== value) field.value = value;
  }

  function shortened(value) {
    if (value === null || value === undefined || value === "") return "nothing";
    const text = Array.isArray(value) ? value.join(", ") || "nothing" : String(value);
    return text.length > 80 ? `${text.slice(0, 77)}…` : text;
  }

  function drawHistory(sheet) {
    const box = part("history");
    box.replaceChildren();
    part("history-none").hidden = sheet.history.length > 0;
    for (const event of [...sheet.history].reverse().slice(0, 50)) {
      const item = make(box, "li", "");
      const head = make(item, "span", "review-history-head");
      make(head, "b", "", event.who);
      const undone = event.undoes ? " (undo)" : "";
      make(head, "span", "muted", ` ${FIELDS[event.field] || event.field}${undone}, ${clockTime(event.at)}`);
      const line = make(item, "span", "review-history-change");
      make(line, "bdi", "review-old", shortened(event.old)).title = shortened(event.old);
      make(line, "i", "bi bi-arrow-right");
      make(line, "bdi", "", shortened(event.new)).title = shortened(event.new);
      if (event.comment) make(item, "span", "muted", event.comment);
    }
  }

  function drawFacts(sheet) {
    const box = part("facts");
    box.replaceChildren();
    for (const [name, value] of sheet.facts) {
      make(box, "dt", "", name);
      make(box, "dd", "", value);
    }
  }

  function draw(sheet) {
    drawWhy(sheet);
    drawDecision(sheet);
    drawTags(sheet);
    drawComment(sheet);
    drawHistory(sheet);
    drawFacts(sheet);
  }

  Object.assign(review, { side: { draw, textAt, changedBy, drawDecision, drawTags, drawComment, drawHistory }, clockTime, ago, WORDS });
})();
