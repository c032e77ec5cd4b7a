/* Keyboard: one listener for the whole page, and an overlay ("?") that lists every key that works just now.

   Elements announce themselves in HTML, no script needed:
       data-hotkey="j"  data-hotkey-help="next utterance"
   The key (as KeyboardEvent.key; several with spaces between) clicks the first visible, enabled element that has it,
   or puts the cursor into it if it is a text field. Leave out data-hotkey-help to keep a key off the list.
   A click on an element with data-hotkeys-open shows the overlay.

   Scripts add theirs:
       earmark.hotkeys.add({keys: ["l"], label: "l", help: "loop off", group: "Player", when: () => bool,
                            run: (event) => {}})       // a run that returns false passes the key on
       earmark.hotkeys.help()                          // opens or closes the overlay

   Keys never fire while somebody types, with Ctrl, Alt or Meta held, or under an open dialog. Where a focused control
   has its own use for a key (space on a button, arrows in a table), the control keeps it. */
"use strict";

window.earmark = window.earmark || {};

(() => {
  const ownKeys = [];
  const TEXT = "textarea, select, [contenteditable=''], [contenteditable=true], [role=textbox], [role=combobox], " +
    "[role=searchbox], input:not([type=button]):not([type=submit]):not([type=reset])";
  const PRESSABLE = "button, a[href], summary, [role=button], [role=tab], [role=menuitem], [role=option], label";
  const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];

  const visible = (element) => element.getClientRects().length > 0 && !element.disabled
    && element.getAttribute("aria-disabled") !== "true" && !element.closest("[inert]");
  const within = (target, selector) => target instanceof Element && target.closest(selector) !== null;

  function belongsToFocus(event) {
    if (within(event.target, TEXT)) return true;
    if ((event.key === " " || event.key === "Enter") && within(event.target, PRESSABLE)) return true;
    if (event.key === "Enter" && within(event.target, ".ag-root")) return true;
    return MOVES.includes(event.key) && within(event.target, ".ag-root, [role=grid], [role=listbox], [role=menu], [role=tablist]");
  }

  function announced() {
    return [...document.querySelectorAll("[data-hotkey]")]
      .filter(visible)
      .map((element) => ({ element, keys: element.dataset.hotkey.split(" ").filter(Boolean) }));
  }

  function activate(element) {
    if (element.matches("input, textarea")) {
      element.focus();
      element.select();
    } else {
      element.click();
    }
  }

  function onKey(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const overlay = document.querySelector("dialog.hotkeys[open]");
    if (event.key === "?" && !within(event.target, TEXT)) {
      event.preventDefault();
      help();
      return;
    }
    if (overlay || document.querySelector("dialog[open], .modal.show") || belongsToFocus(event)) return;
    if (event.key === "Escape" && document.querySelector(".popup.open")) return; // it closes that first
    const own = ownKeys.find((entry) => entry.keys.includes(event.key) && entry.when());
    if (own && own.run(event) !== false) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const found = announced().find((entry) => entry.keys.includes(event.key));
    if (found) {
      event.preventDefault();
      event.stopPropagation();
      activate(found.element);
    }
  }

  /* The overlay: a <dialog>, so that focus, Esc and screen readers work by themselves. */
  function help() {
    const open = document.querySelector("dialog.hotkeys");
    if (open) {
      open.close();
      return;
    }
    const dialog = document.createElement("dialog");
    dialog.className = "hotkeys";
    dialog.setAttribute("aria-labelledby", "hotkeys-title");
    const head = dialog.appendChild(document.createElement("header"));
    const title = head.appendChild(document.createElement("h2"));
    title.id = "hotkeys-title";
    title.textContent = "Help";
    const close = head.appendChild(document.createElement("button"));
    close.type = "button";
    close.className = "hotkeys-close";
    close.setAttribute("aria-label", "Close");
    close.innerHTML = '<i class="bi bi-x-lg" aria-hidden="true"></i>';
    close.addEventListener("click", () => dialog.close());
    const more = dialog.appendChild(document.createElement("div"));
    more.className = "hotkeys-more";
    for (const [label, press] of [["Take the tour", () => window.earmark.tour.start()], ["Column guide", () => document.getElementById("shell-guide-open").click()]]) {
      const button = more.appendChild(document.createElement("button"));
      button.type = "button";
      button.className = "btn btn-secondary btn-sm";
      button.textContent = label;
      button.addEventListener("click", () => { dialog.close(); press(); });
    }
    for (const [group, rows] of groups()) {
      dialog.appendChild(document.createElement("h3")).textContent = group;
      const list = dialog.appendChild(document.createElement("dl"));
      for (const [label, text] of rows) {
        const term = list.appendChild(document.createElement("dt"));
        for (const key of label.split(" ").filter(Boolean)) term.appendChild(document.createElement("kbd")).textContent = key;
        list.appendChild(document.createElement("dd")).textContent = text;
      }
    }
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.appendChild(dialog);
    dialog.showModal();
  }

  function groups() {
    const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
    const found = new Map();
    const put = (group, row) => found.set(group, [...(found.get(group) || []), row]);
    for (const { element, keys } of announced()) {
      if (element.dataset.hotkeyHelp) put("Page", [keys.map((key) => NAMES[key] || key).join(" "), element.dataset.hotkeyHelp]);
    }
    const label = (entry) => (typeof entry.label === "function" ? entry.label() : entry.label);
    for (const entry of ownKeys) if (entry.help && entry.when()) put(entry.group, [label(entry), entry.help]);
    put("Everywhere", ["Ctrl+K", "jump to a page, corpus, column, view or utterance"]);
    put("Everywhere", ["?", "this list"]);
    return found;
  }

  /* Whether an element of the page has that key just now. */
  const taken = (key) => announced().some((entry) => entry.keys.includes(key));

  window.earmark.hotkeys = { add: (entry) => { ownKeys.push({ when: () => true, ...entry }); }, help, taken };
  // Capturing: the table would take the space bar for selecting a row before it got here.
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("click", (event) => { if (within(event.target, "[data-hotkeys-open]")) help(); });
})();
