/* The filter box's keyboard and list of completions (explorer/components/filter_box.py has its server side).

   While somebody types, the text and the cursor's place go to the server, which answers with rows for the list; each row
   says in its data attributes what choosing it writes. Arrows choose, Enter and Tab take the chosen one, Escape closes
   the list; Enter with nothing chosen applies the filter at once. Events are heard on the document, because the box
   comes and goes with its page. */
(function () {
  "use strict";

  const INPUT = "utterances-where";
  const ASKING_MS = 90;
  const QUIET = () => window.dash_clientside.no_update;
  let timer = null;

  const input = () => document.getElementById(INPUT);
  const box = () => document.getElementById("utterances-where-box");
  const rows = () => [...document.querySelectorAll("#utterances-where-list [role=option]")];
  const isOpen = () => box().classList.contains("open");
  const fits = () => rows().length > 0 && rows()[0].dataset.of === input().value; // the list is of what is typed now
  const chosen = () => rows().find((row) => row.getAttribute("aria-selected") === "true");

  function ask() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const field = input();
      if (!field || document.activeElement !== field) return;
      window.dash_clientside.set_props("utterances-where-typed", {
        data: { text: field.value, caret: field.selectionEnd },
      });
    }, ASKING_MS);
  }

  function show(open) {
    const field = input();
    if (!field) return;
    box().classList.toggle("open", open);
    field.setAttribute("aria-expanded", String(open));
    if (!open) choose(null);
  }

  function choose(row) {
    rows().forEach((one) => one.setAttribute("aria-selected", String(one === row)));
    if (row) {
      input().setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else {
      input().removeAttribute("aria-activedescendant");
    }
  }

  /* React keeps a text field's value itself: it hears of a change only through the browser's own setter and event. */
  function write(text, caret) {
    const field = input();
    const setter = Object.getOwnPropertyDescriptor(window.HTMLInputElement.prototype, "value").set;
    setter.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
    field.setSelectionRange(caret, caret);
  }

  function take(row) {
    const field = input();
    if (row.dataset.of !== field.value) return; // an answer to what was typed before
    const before = field.value.slice(0, Number(row.dataset.start));
    const after = field.value.slice(Number(row.dataset.end));
    const text = row.dataset.text;
    const rest = text.endsWith(" ") ? after.replace(/^\s+/, "") : after;
    show(false);
    write(before + text + rest, before.length + text.length);
  }

  function move(step) {
    const list = rows();
    if (!list.length) return;
    const place = list.indexOf(chosen());
    choose(list[(place + step + (place < 0 && step < 0 ? 1 : 0) + list.length) % list.length]);
  }

  document.addEventListener("input", (event) => {
    if (event.target.id === INPUT) ask();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.id !== INPUT) return;
    const field = event.target;
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", "utterances-where-list");
    field.setAttribute("aria-expanded", "false");
    field.setAttribute("spellcheck", "false");
    field.setAttribute("autocapitalize", "off");
    ask();
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.id === INPUT && box()) show(false);
  });
  document.addEventListener("keyup", (event) => {
    const moved = ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key);
    if (event.target.id === INPUT && moved) ask();
  });
  /* Before the row is pressed the field would lose the focus, and with it the list. */
  document.addEventListener("mousedown", (event) => {
    const row = event.target.closest && event.target.closest("#utterances-where-list [role=option]");
    if (!row) return;
    event.preventDefault();
    take(row);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest) return;
    if (event.target.closest("#utterances-where-clear")) write("", 0);
    const fault = event.target.closest(".filterbox-goto");
    if (fault && input()) {
      const place = Math.min(Number(fault.dataset.place), input().value.length);
      input().focus();
      input().setSelectionRange(place, place);
    }
  });

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.target.id !== INPUT || event.isComposing) return;
      const list = isOpen() ? rows() : [];
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (fits()) {
          show(true); // it may have come, or been closed, just now
          move(event.key === "ArrowDown" ? 1 : -1);
        } else ask();
      } else if ((event.key === "Enter" || event.key === "Tab") && list.length && chosen() && !event.shiftKey) {
        event.preventDefault();
        event.stopPropagation();
        take(chosen());
      } else if (event.key === "Enter") {
        show(false);
      } else if (event.key === "Escape" && isOpen()) {
        event.preventDefault();
        event.stopPropagation();
        show(false);
      }
    },
    true
  );

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.earmark = Object.assign(window.dash_clientside.earmark || {}, {
    /* The list has come: it opens while the field has the focus; a half-typed word has its first completion chosen. */
    filterOptions() {
      window.requestAnimationFrame(() => {
        const field = input();
        if (!field || document.activeElement !== field) return;
        show(fits());
        const [first] = rows();
        if (fits() && !chosen() && Number(first.dataset.start) < field.selectionEnd) choose(first);
      });
      return QUIET();
    },
  });
})();
