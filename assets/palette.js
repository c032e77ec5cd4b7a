/* The command palette: jump to a page, a corpus, a column, a saved view or an utterance, or do something, by typing.

   Ctrl+K (Command+K) opens it anywhere; "/" too, on pages that have no search of their own. What the server knows
   comes from /palette (explorer/doors/palette.py); saved views from views.js; what can be done on the page from elements that
   say so: data-command="Column guide" on a button or link that the command presses; and from scripts, by palette.add. */
(function () {
  "use strict";

  window.earmark = window.earmark || {};
  const WAIT_MS = 160;
  const MOST_IN_GROUP = 7;
  const GROUPS = ["Pages", "Corpora", "Saved views", "Columns", "Actions", "Utterances"];
  const own = []; // actions of scripts: {label, run}
  let dialog = null;
  let known = { pages: [], corpora: [], columns: [], utterances: [], looked_at: 0, of: 0 };
  let failure = "";
  let searching = false;
  let chosen = 0;
  let entries = [];
  let timer = null;
  let request = null;

  const place = () => {
    const kept = new URLSearchParams();
    const here = new URLSearchParams(window.location.search);
    ["corpus", "normalizer"].forEach((name) => here.has(name) && kept.append(name, here.get(name)));
    return kept;
  };
  const written = (parameters) => {
    const text = parameters.toString().replace(/\+/g, "%20");
    return text ? "?" + text : "";
  };
  const go = (path, parameters) => window.earmark.address.go(path, written(parameters));

  /* How well `text` fits `label`: 0 not at all; a beginning is better than a word's beginning than anywhere than the
     letters in their order and near each other. */
  function fit(label, text) {
    const name = label.toLowerCase();
    if (!text) return 1;
    if (name.startsWith(text)) return 4;
    const at = name.indexOf(text);
    if (at > 0) return /[^\p{L}\p{N}]/u.test(name[at - 1]) ? 3 : 2;
    if (text.length < 2) return 0;
    for (let first = name.indexOf(text[0]); first >= 0; first = name.indexOf(text[0], first + 1)) {
      let found = 0;
      for (const letter of name.slice(first, first + 2 * text.length)) if (letter === text[found]) found += 1;
      if (found === text.length) return 1;
    }
    return 0;
  }

  function candidates() {
    const corpus = known.corpus;
    const onCorpus = () => {
      const parameters = place();
      if (corpus && !parameters.has("corpus")) parameters.append("corpus", corpus);
      return parameters;
    };
    const found = [];
    const add = (group, label, note, run) => found.push({ group, label, note, run });
    known.pages.forEach((page) => add("Pages", page.title, page.path, () => go(page.path, onCorpus())));
    known.corpora.forEach((name) => add("Corpora", name, name === corpus ? "open now" : "", () => {
      const parameters = new URLSearchParams({ corpus: name });
      const normalizer = place().get("normalizer");
      if (normalizer) parameters.append("normalizer", normalizer);
      go(window.location.pathname === "/utterance" ? "/utterances" : window.location.pathname, parameters);
    }));
    window.earmark.views.list().forEach((view) =>
      add("Saved views", view.name, window.earmark.views.told(view), () => window.earmark.views.open(view)));
    known.columns.forEach((column) => add("Columns", column.label, column.help, () => {
      window.earmark.table.showColumn(column.name);
      if (window.location.pathname !== "/utterances") go("/utterances", onCorpus());
    }));
    document.querySelectorAll("[data-command]").forEach((element) =>
      add("Actions", element.dataset.command, "", () => element.click()));
    own.forEach((action) => add("Actions", action.label, "", action.run));
    return found;
  }

  function matching(text) {
    const wanted = text.toLowerCase();
    const found = candidates()
      .map((entry) => ({ ...entry, score: Math.max(fit(entry.label, wanted), entry.group === "Columns" ? 0 : Math.min(1, fit(entry.note, wanted))) }))
      .filter((entry) => entry.score > 0)
      .sort((a, b) => b.score - a.score);
    const rows = known.utterances.map((row) => ({
      group: "Utterances",
      label: row.reference || "(no reference)",
      note: `${row.id} · ${row.audio}`,
      run: () => {
        const parameters = place();
        if (!parameters.has("corpus")) parameters.append("corpus", known.corpus);
        parameters.append("u", row.id);
        go("/utterances", parameters);
      },
    }));
    if (known.looked_at < known.of) {
      rows.push({
        group: "Utterances",
        label: `Search all texts for “${text}”`,
        note: `in the table; here only the first ${known.looked_at.toLocaleString("en")} of ${known.of.toLocaleString("en")} were looked at`,
        run: () => {
          const parameters = place();
          if (!parameters.has("corpus")) parameters.append("corpus", known.corpus);
          parameters.append("search", text);
          go("/utterances", parameters);
        },
      });
    }
    const all = [...found, ...rows];
    const limit = (group) => (text ? MOST_IN_GROUP : group === "Columns" ? 0 : MOST_IN_GROUP);
    return GROUPS.flatMap((group) => all.filter((entry) => entry.group === group).slice(0, group === "Utterances" ? 99 : limit(group)));
  }

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function draw() {
    if (!dialog) return;
    const text = dialog.querySelector("input").value.trim();
    entries = matching(text);
    chosen = Math.min(chosen, Math.max(0, entries.length - 1));
    const groups = GROUPS.filter((group) => entries.some((entry) => entry.group === group)).map((group) => {
      const box = element("div", { role: "group" }, element("div", { className: "palette-group", role: "presentation" }, group));
      box.setAttribute("aria-label", group);
      entries.forEach((entry, place) => {
        if (entry.group !== group) return;
        const option = element("div", { id: `palette-${place}`, role: "option", className: "palette-option", dir: "auto" },
          element("span", {}, entry.label), element("small", { title: entry.note }, entry.note));
        option.setAttribute("aria-selected", String(place === chosen));
        option.addEventListener("click", () => run(place));
        option.addEventListener("pointermove", () => { if (chosen !== place) { chosen = place; mark(); } });
        box.append(option);
      });
      return box;
    });
    dialog.querySelector("[role=listbox]").replaceChildren(...groups);
    mark();
    const said = failure || (searching ? "Searching…" : entries.length ? "" : `Nothing is called “${text}”, and no utterance says it.`);
    dialog.querySelector(".palette-said").textContent = said;
  }

  function mark() {
    const input = dialog.querySelector("input");
    dialog.querySelectorAll("[role=option]").forEach((option) => {
      const here = option.id === `palette-${chosen}`;
      option.setAttribute("aria-selected", String(here));
      if (here) option.scrollIntoView({ block: "nearest" });
    });
    if (entries.length) input.setAttribute("aria-activedescendant", `palette-${chosen}`);
    else input.removeAttribute("aria-activedescendant");
  }

  function run(place) {
    const entry = entries[place];
    if (!entry) return;
    dialog.close();
    entry.run();
  }

  async function ask() {
    if (request) request.abort();
    request = new AbortController();
    const mine = request;
    const parameters = place();
    const text = dialog ? dialog.querySelector("input").value.trim() : "";
    if (text) parameters.append("text", text);
    try {
      const answer = await fetch(`/palette${written(parameters)}`, { signal: mine.signal });
      const found = await answer.json();
      failure = found.error || "";
      if (!found.error) known = found;
    } catch (error) {
      if (mine.signal.aborted) return;
      failure = "The server does not answer; only what this browser knows is listed.";
    }
    searching = false;
    draw();
  }

  function onType() {
    chosen = 0;
    known.utterances = [];
    known.looked_at = known.of = 0;
    searching = dialog.querySelector("input").value.trim().length > 1;
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, WAIT_MS);
    draw();
  }

  function onKey(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key === "Enter") {
      event.preventDefault();
      run(chosen);
    } else if (event.key in steps && entries.length) {
      event.preventDefault();
      const far = Math.abs(steps[event.key]) > 1;
      const next = chosen + steps[event.key];
      chosen = far ? Math.max(0, Math.min(entries.length - 1, next)) : (next + entries.length) % entries.length;
      mark();
    }
  }

  function show() {
    if (document.querySelector("dialog[open], .offcanvas.show")) return;
    dialog = element("dialog", { className: "sheet palette" });
    dialog.setAttribute("aria-label", "Command palette");
    const input = element("input", { type: "text", className: "form-control", autocomplete: "off", spellcheck: false,
      placeholder: "Page, corpus, utterance, column, view, action", oninput: onType, onkeydown: onKey });
    const list = element("div", { id: "palette-list", role: "listbox", className: "palette-list" });
    [["role", "combobox"], ["aria-label", "Jump to"], ["aria-controls", "palette-list"], ["aria-expanded", "true"], ["aria-autocomplete", "list"]]
      .forEach(([name, value]) => input.setAttribute(name, value));
    list.setAttribute("aria-label", "Places and actions");
    const close = element("button", { type: "button", className: "icon-button", onclick: () => dialog.close() },
      element("i", { className: "bi bi-x-lg", ariaHidden: "true" }));
    close.setAttribute("aria-label", "Close");
    dialog.append(element("header", {}, element("i", { className: "bi bi-search", ariaHidden: "true" }), input, close),
      list, element("p", { className: "palette-said muted", role: "status" }));
    const mine = dialog; // the event comes later, when another may be open
    mine.addEventListener("close", () => {
      mine.remove();
      if (dialog !== mine) return;
      window.clearTimeout(timer);
      dialog = null;
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
    chosen = 0;
    failure = "";
    known.utterances = [];
    known.looked_at = known.of = 0;
    dialog.showModal();
    draw();
    ask();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog && dialog.open) dialog.close();
    else show();
  }, true);
  document.addEventListener("click", (event) => { if (event.target.closest("[data-palette-open]")) show(); });
  window.earmark.hotkeys.add({
    keys: ["/"], label: "/", help: "jump to anything", group: "Everywhere", when: () => !window.earmark.hotkeys.taken("/"), run: show,
  });
  window.earmark.palette = { show, add: (label, run) => { own.push({ label, run }); } };
})();
