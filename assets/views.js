/* Saved views: addresses with names, kept in this browser.

   Kept as [{name, path, search}] under "earmark-views"; the same list is the file that Export writes and Import reads.
   A view's search is the query of its address, with the corpus in it. The dialog is opened by [data-views-open], by
   the key "v" and by the command palette. */
(function () {
  "use strict";

  window.earmark = window.earmark || {};
  const KEY = "earmark-views";
  const LONGEST_NAME = 80;
  const MOST = 500;
  let dialog = null;

  /* ---- what is kept ---- */

  /* The views of a list that are views; anything else in it is left out. */
  function checked(list) {
    if (!Array.isArray(list)) return [];
    return list
      .filter((view) => view && typeof view.name === "string" && view.name.trim()
        && typeof view.path === "string" && /^\/(?![\/\\])/.test(view.path)
        && typeof view.search === "string" && /^(\?|$)/.test(view.search))
      .slice(0, MOST)
      .map(({ name, path, search }) => ({ name: name.trim().slice(0, LONGEST_NAME), path, search }));
  }

  function list() {
    try {
      return checked(JSON.parse(localStorage.getItem(KEY) || "[]"));
    } catch (error) {
      return [];
    }
  }

  /* False when the browser keeps nothing for us. */
  function keep(views) {
    try {
      localStorage.setItem(KEY, JSON.stringify(views));
      return true;
    } catch (error) {
      return false;
    }
  }

  function present() {
    const search = new URLSearchParams(window.location.search);
    const choice = document.querySelector('[data-parameter="corpus"]');
    if (!search.has("corpus") && choice) search.append("corpus", choice.dataset.initial);
    const text = search.toString().replace(/\+/g, "%20");
    return { path: window.location.pathname, search: text ? "?" + text : "" };
  }

  function open(view) {
    if (dialog) dialog.close();
    window.earmark.address.go(view.path, view.search);
  }

  /* The view in a few words: its page, its corpus, and how it is filtered. */
  function told(view) {
    const parameters = new URLSearchParams(view.search);
    const link = [...document.querySelectorAll(".nav-pages a")].find((a) => new URL(a.href).pathname === view.path);
    const page = link ? link.firstChild.textContent : view.path;
    const rest = [...parameters].filter(([name]) => ["f", "where", "search", "sort"].includes(name)).map(([, value]) => value);
    return [page, parameters.get("corpus"), ...rest].filter(Boolean).join(" · ");
  }

  /* A name for the present view that is not taken: its filters as the page shows them, else its page. */
  function proposed(views) {
    const chips = [...document.querySelectorAll(".chip > span")].map((chip) => chip.textContent);
    const plain = (chips.join(", ") || document.title.split(" · ")[0]).slice(0, LONGEST_NAME);
    let name = plain;
    for (let number = 2; views.some((view) => view.name === name); number += 1) name = `${plain} (${number})`;
    return name;
  }

  /* ---- the dialog ---- */

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function button(icon, label, run) {
    const made = element("button", { type: "button", className: "icon-button", title: label, onclick: run },
      element("i", { className: `bi ${icon}`, ariaHidden: "true" }));
    made.setAttribute("aria-label", label);
    return made;
  }

  function say(text, undo) {
    const line = dialog.querySelector(".views-said");
    line.replaceChildren(text);
    if (undo) line.append(" ", element("button", { type: "button", className: "btn btn-link btn-sm", onclick: undo }, "Undo"));
  }

  /* Keeps the views, draws them again, and says what was done, with a way back. */
  function change(views, text) {
    const before = list();
    const kept = keep(views);
    draw();
    if (!kept) say("This browser keeps nothing for this page; the views could not be saved.");
    else say(text, () => { keep(before); draw(); say("Undone."); });
  }

  function save(event) {
    event.preventDefault();
    const field = dialog.querySelector(".views-name");
    const name = field.value.trim();
    if (!name) return;
    const views = list();
    const taken = views.findIndex((view) => view.name === name);
    if (taken < 0) change([...views, { name, ...present() }], `Saved “${name}”.`);
    else change(views.with(taken, { name, ...present() }), `“${name}” is now the present view.`);
  }

  function rename(place, row) {
    const view = list()[place];
    const field = element("input", { className: "form-control", value: view.name, maxLength: LONGEST_NAME });
    field.setAttribute("aria-label", `New name of ${view.name}`);
    let left = false;
    const done = (wanted) => {
      if (left) return;
      left = true;
      const name = wanted.trim();
      const views = list();
      if (!name || name === view.name) draw();
      else if (views.some((other) => other.name === name)) { draw(); say(`There is a view “${name}” already.`); }
      else change(views.with(place, { ...view, name }), `“${view.name}” is now “${name}”.`);
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") done(field.value);
      if (event.key === "Escape") { event.preventDefault(); done(view.name); }
    });
    field.addEventListener("blur", () => done(field.value));
    row.querySelector("a").replaceWith(field);
    field.select();
  }

  function row(view, place) {
    const link = element("a", { href: view.path + view.search }, element("b", {}, view.name), element("small", {}, told(view)));
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(view);
    });
    const item = element("li", {}, link);
    item.append(
      button("bi-pencil", `Rename ${view.name}`, () => rename(place, item)),
      button("bi-arrow-repeat", `Replace ${view.name} by the present view`, () =>
        change(list().with(place, { name: view.name, ...present() }), `“${view.name}” is now the present view.`)),
      button("bi-trash", `Delete ${view.name}`, () => change(list().toSpliced(place, 1), `Deleted “${view.name}”.`)),
    );
    return item;
  }

  function draw() {
    const views = list();
    const rows = dialog.querySelector(".views-list");
    rows.replaceChildren(...views.map(row));
    dialog.querySelector(".views-empty").hidden = views.length > 0;
    dialog.querySelector(".views-export").disabled = !views.length;
    dialog.querySelector(".views-name").value = proposed(views);
  }

  function exported() {
    const file = new Blob([JSON.stringify(list(), null, 2) + "\n"], { type: "application/json" });
    const link = element("a", { href: URL.createObjectURL(file), download: "earmark-views.json" });
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async function imported(event) {
    const file = event.target.files[0];
    event.target.value = "";
    if (!file) return;
    let arrived = [];
    try {
      arrived = checked(JSON.parse(await file.text()));
    } catch (error) {
      arrived = [];
    }
    if (!arrived.length) {
      say(`${file.name} holds no saved views; expected the file that Export writes.`);
      return;
    }
    const views = list();
    const same = (a, b) => a.path === b.path && a.search === b.search;
    let added = 0;
    for (const view of arrived) {
      if (views.some((own) => own.name === view.name && same(own, view))) continue;
      let name = view.name;
      for (let number = 2; views.some((own) => own.name === name); number += 1) name = `${view.name} (${number})`;
      views.push({ ...view, name });
      added += 1;
    }
    change(views.slice(0, MOST), `${added} of ${arrived.length} views of ${file.name} are new and were added.`);
  }

  function show() {
    if (document.querySelector("dialog[open]")) return;
    dialog = element("dialog", { className: "sheet views" });
    dialog.setAttribute("aria-labelledby", "views-title");
    dialog.append(
      element("header", {}, element("h2", { id: "views-title" }, "Saved views"), button("bi-x-lg", "Close", () => dialog.close())),
      element("p", { className: "muted" }, "A view is the whole address: page, corpus, filter, order, columns. Views stay in this browser."),
      element("form", { className: "views-save", onsubmit: save },
        element("label", { className: "visually-hidden", htmlFor: "views-name" }, "Name of the present view"),
        element("input", { id: "views-name", className: "form-control views-name", maxLength: LONGEST_NAME, autocomplete: "off" }),
        element("button", { type: "submit", className: "btn btn-primary" }, "Save this view")),
      element("p", { className: "views-said", role: "status" }),
      element("ul", { className: "views-list" }),
      element("p", { className: "views-empty muted" }, "Nothing is saved yet. Filter the table, then give the view a name above."),
      element("footer", {},
        element("button", { type: "button", className: "btn btn-secondary btn-sm views-export", onclick: exported }, "Export"),
        element("label", { className: "btn btn-secondary btn-sm" }, "Import",
          element("input", { type: "file", accept: ".json,application/json", className: "visually-hidden", onchange: imported }))),
    );
    const mine = dialog; // the event comes later, when another may be open
    mine.addEventListener("close", () => { mine.remove(); if (dialog === mine) dialog = null; });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
    draw();
    dialog.showModal();
    dialog.querySelector(".views-name").select();
  }

  document.addEventListener("click", (event) => { if (event.target.closest("[data-views-open]")) show(); });
  window.earmark.hotkeys.add({ keys: ["v"], label: "v", help: "saved views", group: "Everywhere", run: show });
  window.earmark.views = { list, open, show, told };
})();
