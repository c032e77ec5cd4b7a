/* What the review page asks in between: who somebody is, why something is rejected, whose text is to be kept. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};

  const make = (parent, name, className, text) => {
    const made = parent.appendChild(document.createElement(name));
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  function button(parent, text, kind, run) {
    const made = make(parent, "button", `btn btn-${kind}`, text);
    made.type = "button";
    made.addEventListener("click", run);
    return made;
  }

  let numbers = 0;

  /* An empty dialog, and a promise of what `close(value)` was told; null when it was dismissed. */
  function dialog(title, className) {
    const box = document.createElement("dialog");
    box.className = `hotkeys review-dialog ${className}`;
    const head = make(box, "h2", "", title);
    numbers += 1;
    head.id = `review-dialog-${numbers}`;
    box.setAttribute("aria-labelledby", head.id);
    let value = null;
    const before = document.activeElement;
    const answer = new Promise((resolve) => {
      box.addEventListener("close", () => {
        box.remove();
        if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
        resolve(value);
      });
    });
    const close = (told) => {
      value = told;
      box.close();
    };
    document.body.appendChild(box);
    return { box, close, answer };
  }

  /* The name under which somebody's edits are kept; null when nobody gave one. */
  function askName(known, names) {
    const { box, close, answer } = dialog("Who are you?", "review-name-dialog");
    make(box, "p", "muted", "Your name stands beside everything you decide. It is asked once in this browser.");
    const form = make(box, "form", "");
    form.method = "dialog";
    const label = make(form, "label", "", "Name");
    const field = make(label, "input", "form-control");
    Object.assign(field, { type: "text", value: known || "", maxLength: 100, required: true, autocomplete: "name" });
    const list = make(form, "datalist", "");
    list.id = "review-known-names";
    for (const name of names) make(list, "option", "").value = name;
    field.setAttribute("list", list.id);
    const actions = make(form, "div", "review-dialog-actions");
    button(actions, "Cancel", "secondary", () => close(null));
    make(actions, "button", "btn btn-primary", "Continue").type = "submit";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = field.value.trim().replace(/\s+/g, " ");
      if (name) close(name);
    });
    box.showModal();
    field.focus();
    field.select();
    return answer;
  }

  /* The question for a name in a box of the page, which leaves the focus where it is; `take(name)` hears of the answer. */
  function inviteName(box, names, take) {
    const form = document.createElement("form");
    const label = make(form, "label", "", "Who are you? Your name stands beside what you save.");
    label.htmlFor = "review-nameless-name";
    const field = make(form, "input", "form-control");
    Object.assign(field, { id: label.htmlFor, type: "text", maxLength: 100, required: true, autocomplete: "name" });
    const list = make(form, "datalist", "");
    list.id = "review-nameless-names";
    for (const name of names) make(list, "option", "").value = name;
    field.setAttribute("list", list.id);
    make(form, "button", "btn btn-primary", "Save under this name").type = "submit";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = field.value.trim().replace(/\s+/g, " ");
      if (name) take(name);
    });
    box.replaceChildren(form);
    box.hidden = false;
  }

  /* Why something is rejected: one of the reasons by its digit, or own words; null when it was dismissed. */
  function askReason(reasons) {
    const { box, close, answer } = dialog("Reject: why?", "review-reason-dialog");
    const list = make(box, "div", "review-reasons");
    reasons.forEach((reason, number) => {
      const choice = button(list, "", "secondary", () => close(reason));
      if (number < 9) make(choice, "kbd", "", String(number + 1));
      make(choice, "span", "", reason);
    });
    const form = make(box, "form", "");
    form.method = "dialog";
    const label = make(form, "label", "", "Another reason, or Enter for none");
    const field = make(label, "input", "form-control");
    Object.assign(field, { type: "text", maxLength: 500 });
    const actions = make(form, "div", "review-dialog-actions");
    button(actions, "Cancel", "secondary", () => close(null));
    make(actions, "button", "btn btn-primary", "Reject").type = "submit";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      close(field.value.trim());
    });
    box.addEventListener("keydown", (event) => {
      const number = Number(event.key);
      const chosen = reasons[number - 1];
      if (!chosen || field.value || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      close(chosen);
    });
    box.showModal();
    field.focus();
    return answer;
  }

  /* Whether an empty text is meant: null when not. */
  function askSilence() {
    const { box, close, answer } = dialog("Accept without a text?", "review-silence");
    make(box, "p", "", "The text is empty. Accepted like this it says that nobody speaks here; “no speech” is kept with the decision.");
    const actions = make(box, "div", "review-dialog-actions");
    button(actions, "Cancel", "secondary", () => close(null));
    const yes = button(actions, "Accept: no speech", "primary", () => close(true));
    box.showModal();
    yes.focus();
    return answer;
  }

  /* Two versions of one field: "mine" or "theirs"; asked until it is answered. `mine` and `theirs` are [name, value]. */
  async function askConflict(question) {
    for (;;) {
      const answer = await askOnce(question);
      if (answer) return answer;
    }
  }

  function askOnce({ title, sentence, mine, theirs, keep, drop }) {
    const { box, close, answer } = dialog(title, "review-conflict");
    make(box, "p", "", sentence);
    const both = make(box, "div", "review-both");
    for (const [name, value] of [mine, theirs]) {
      const side = make(both, "div", "");
      make(side, "h3", "", name);
      const text = make(side, "p", "review-version", value === "" || value === null || value === undefined ? "nothing" : value);
      text.dir = "auto";
    }
    const actions = make(box, "div", "review-dialog-actions");
    button(actions, drop, "secondary", () => close("theirs"));
    button(actions, keep, "primary", () => close("mine"));
    box.tabIndex = -1;
    box.showModal();
    box.focus(); // no button: it may come up under somebody's typing
    return answer;
  }

  Object.assign(review, { askName, inviteName, askReason, askSilence, askConflict });
})();
