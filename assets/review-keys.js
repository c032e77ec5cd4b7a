/* Keys of the review page: which key does what, as the configuration says, also while somebody types.

   A key is written as "a", "Space", "Ctrl+Enter" or "Alt+[": Ctrl stands for Cmd on a Mac too. Keys with Ctrl or Alt work
   everywhere on the page, also in the text; others only where nobody types. Letters are told by what they write, and
   with Alt by their place on the keyboard, because a Mac writes signs with it. While an input method composes
   (Chinese, Japanese, Korean...) no key does anything but compose. */
"use strict";

window.earmark = window.earmark || {};
window.earmark.review = window.earmark.review || {};

(() => {
  const TYPING = "textarea, select, [contenteditable=true], input:not([type=button]):not([type=checkbox]):not([type=radio])";
  const NAMES = { " ": "Space" };
  const CODES = { BracketLeft: "[", BracketRight: "]", Minus: "-", Equal: "=", Period: ".", Comma: ",", Slash: "/", Space: "Space" };
  const SHOWN = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

  /* "ctrl+shift+z" and "Ctrl+Shift+Z" are the same key. */
  function canonical(written) {
    const parts = written.split("+");
    const last = parts.pop() || "+";
    const held = new Set(parts.map((part) => part.toLowerCase()));
    const key = last.length === 1 ? last.toLowerCase() : last;
    const shift = held.has("shift") ? "shift+" : "";
    return `${held.has("ctrl") || held.has("cmd") ? "ctrl+" : ""}${held.has("alt") ? "alt+" : ""}${shift}${key}`;
  }

  function pressed(event) {
    let key = NAMES[event.key] || event.key;
    if (event.altKey) {
      if (/^Key[A-Z]$/.test(event.code)) key = event.code.slice(3);
      else if (/^Digit[0-9]$/.test(event.code)) key = event.code.slice(5);
      else key = CODES[event.code] || key;
    }
    const letter = key.length === 1;
    // A sign that needs Shift ("?", "+") is that sign; a letter, a digit and a named key count Shift as held.
    const shift = event.shiftKey && (!letter || key.toLowerCase() !== key.toUpperCase()) ? "shift+" : "";
    return `${event.ctrlKey || event.metaKey ? "ctrl+" : ""}${event.altKey ? "alt+" : ""}${shift}${letter ? key.toLowerCase() : key}`;
  }

  const composing = (event) => event.isComposing || event.keyCode === 229;
  const typing = (target) => target instanceof Element && target.closest(TYPING) !== null;
  const bare = (key) => !key.startsWith("ctrl+") && !key.startsWith("alt+");

  /* Listens until `signal` says stop. `actions` is a map of name to what is run, `keys` one of name to keys; a
     run that returns false passes the key on. `asleep()` says that no key counts just now. */
  function listen(actions, keys, asleep, signal) {
    const found = new Map();
    for (const [name, list] of Object.entries(keys)) {
      for (const written of list) if (actions[name]) found.set(canonical(written), actions[name]);
    }
    window.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || composing(event) || asleep()) return;
      if (document.querySelector("dialog[open], .modal.show")) return;
      const key = pressed(event);
      const action = found.get(key);
      if (!action || (bare(key) && typing(event.target))) return;
      if (action(event) === false) return;
      event.preventDefault();
      event.stopPropagation();
    }, { capture: true, signal });
    // A focused button is pressed when Space comes up again: not when Space has just done something else.
    window.addEventListener("keyup", (event) => {
      const action = event.key === " " && !typing(event.target) ? found.get(pressed(event)) : undefined;
      if (action && event.target instanceof Element && event.target.closest("[data-take]")) event.preventDefault();
    }, { capture: true, signal });
  }

  const shown = (written) => written.split("+").map((part) => SHOWN[part] || part).join("+");

  window.earmark.review.keys = { listen, shown, composing, typing };
})();
