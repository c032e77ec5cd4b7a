/* What happens in the browser without asking the server: theme, address, pop-ups, and the link between grid and URL.

   Dash calls the functions in dash_clientside.earmark (clientside callbacks in explorer/components/shell.py and
   explorer/pages/utterances.py). Addresses are rewritten with history.replaceState, so that "back" leaves the page
   instead of undoing one letter of a search; dcc.Location is told, and `route` knows our own hand and stays quiet. */
(function () {
  "use strict";

  const THEME = "earmark-theme";
  const QUIET = () => window.dash_clientside.no_update;
  let written = null;
  let visits = 0;
  let removals = 0;

  /* ---- theme ---- */

  function preferred() {
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  function remembered() {
    try {
      return localStorage.getItem(THEME);
    } catch (error) {
      return null; // private windows may forbid storage: then the system's theme holds
    }
  }

  function applyTheme(name) {
    document.documentElement.setAttribute("data-bs-theme", name);
    document.dispatchEvent(new CustomEvent("earmark:theme", { detail: name }));
  }

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (!remembered()) applyTheme(preferred());
  });

  /* ---- address ---- */

  function rewrite(replaced, pairs) {
    const parameters = new URLSearchParams(window.location.search);
    replaced.forEach((name) => parameters.delete(name));
    pairs.forEach(([name, value]) => parameters.append(name, value));
    const text = parameters.toString().replace(/\+/g, "%20");
    const search = text ? "?" + text : "";
    if (search === window.location.search) return;
    written = window.location.pathname + search;
    window.history.replaceState(window.history.state, "", written + window.location.hash);
    window.dash_clientside.set_props("url", { search: search, href: window.location.href });
  }

  function go(path, search) {
    window.history.pushState({}, "", path + search);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  /* The menu keeps the place (corpus, normalizer) as the address has it now, also before the server has drawn it. */
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest && event.target.closest(".nav-pages a, a.brand");
      if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const kept = new URLSearchParams();
      const here = new URLSearchParams(window.location.search);
      ["corpus", "normalizer"].forEach((name) => here.has(name) && kept.append(name, here.get(name)));
      const search = kept.toString().replace(/\+/g, "%20");
      go(new URL(link.href).pathname, search ? "?" + search : "");
    },
    true
  );

  /* ---- pop-ups: a button with data-popup="id" opens the element of that id; Escape and a click outside close ---- */

  function closePopups(except) {
    document.querySelectorAll(".popup.open").forEach((popup) => {
      if (popup === except) return;
      popup.classList.remove("open");
      const opener = document.querySelector(`[data-popup="${popup.id}"]`);
      if (opener) opener.setAttribute("aria-expanded", "false");
    });
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-popup]");
    if (opener) {
      const popup = document.getElementById(opener.dataset.popup);
      closePopups(popup);
      const open = popup.classList.toggle("open");
      opener.setAttribute("aria-expanded", String(open));
      const first = popup.querySelector("input, a, button");
      if (open && first) first.focus();
    } else if (!event.target.closest(".popup") || event.target.closest(".popup a")) {
      closePopups(null);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const popup = document.querySelector(".popup.open");
    if (popup) {
      closePopups(null);
      document.querySelector(`[data-popup="${popup.id}"]`).focus();
    }
  });

  /* ---- figures are asked for when they come near the screen ---- */

  const asked = new IntersectionObserver(
    (entries) => {
      entries
        .filter((entry) => entry.isIntersecting)
        .forEach((entry) => {
          asked.unobserve(entry.target);
          window.dash_clientside.set_props(JSON.parse(entry.target.dataset.ask), { data: 1 });
        });
    },
    { rootMargin: "300px" }
  );
  new MutationObserver((mutations) => {
    for (const mutation of mutations) {
      for (const node of mutation.addedNodes) {
        if (node.nodeType !== 1) continue;
        if (node.matches("[data-ask]")) asked.observe(node);
        node.querySelectorAll("[data-ask]").forEach((element) => asked.observe(element));
      }
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  /* ---- the utterances grid ---- */

  const GRID = "utterances-grid";
  const shown = (api) => api.getAllDisplayedColumns().map((column) => column.getColId());
  let choosing = false;
  let wanted = null; // the row that should be highlighted; it may not be loaded yet
  let target = null; // the position to scroll to, once the grid knows that it has that many rows

  function publishColumns(api) {
    if (choosing) return;
    window.dash_clientside.set_props("utterances-columns", { data: shown(api) });
  }

  function settle(api) {
    if (target !== null && target < api.getDisplayedRowCount()) {
      api.ensureIndexVisible(target);
      target = null;
    }
    highlight(api);
  }

  function highlight(api) {
    if (wanted === null) {
      api.deselectAll();
      return;
    }
    const node = api.getRowNode(String(wanted));
    if (node && !node.isSelected()) node.setSelected(true, true, "api");
  }

  function grid() {
    return window.dash_ag_grid ? window.dash_ag_grid.getApiAsync(GRID) : new Promise(() => {});
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    earmark: {
      toggleTheme(clicks) {
        if (!clicks) return QUIET();
        const next = document.documentElement.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
        try {
          localStorage.setItem(THEME, next);
        } catch (error) {
          /* the choice then lasts until the page is closed */
        }
        applyTheme(next);
        return QUIET();
      },

      toggleMenu(clicks) {
        if (!clicks) return QUIET();
        const header = document.querySelector(".header");
        const open = header.classList.toggle("open");
        header.querySelector(".nav-toggle").setAttribute("aria-expanded", String(open));
        return QUIET();
      },

      /* A new address becomes a visit, unless this script wrote it. */
      route(pathname, search) {
        if (pathname + (search || "") === written) return QUIET();
        written = null;
        visits += 1;
        const header = document.querySelector(".header");
        if (header) header.classList.remove("open");
        return { path: pathname, search: search || "", visit: visits };
      },

      title(title) {
        if (title) document.title = title;
        return QUIET();
      },

      /* Selects such as corpus and normalizer are parameters of the address. */
      chooseParameter() {
        const trigger = window.dash_clientside.callback_context.triggered_id;
        const value = (window.dash_clientside.callback_context.triggered[0] || {}).value;
        if (!trigger || !value) return QUIET();
        const parameters = new URLSearchParams(window.location.search);
        if (parameters.get(trigger.name) === value) return QUIET();
        const initial = document.querySelector(`[data-parameter="${trigger.name}"]`);
        if (!parameters.has(trigger.name) && initial && initial.dataset.initial === value) return QUIET();
        const kept = new URLSearchParams();
        const keep = trigger.name === "corpus" ? ["normalizer"] : Array.from(parameters.keys());
        for (const [name, old] of parameters) if (name !== trigger.name && keep.includes(name)) kept.append(name, old);
        kept.append(trigger.name, value);
        go(window.location.pathname, "?" + kept.toString().replace(/\+/g, "%20"));
        return QUIET();
      },

      openBin(clicks) {
        const triggered = window.dash_clientside.callback_context.triggered[0];
        const point = triggered && triggered.value && triggered.value.points && triggered.value.points[0];
        if (!point || !point.customdata) return QUIET();
        const href = Array.isArray(point.customdata) ? point.customdata[0] : point.customdata;
        const [path, query] = href.split("?");
        go(path, query ? "?" + query : "");
        return QUIET();
      },

      /* ---- utterances ---- */

      /* The place on the page: the query, the columns and the chosen utterance. */
      writePlace(view, columns, defaults, current) {
        const pairs = (view || []).slice();
        const names = columns || [];
        if (names.length && names.join("\n") !== (defaults || []).join("\n")) {
          pairs.push(["cols", names.map(encodeURIComponent).join(",")]);
        }
        if (current && current.id) pairs.push(["u", current.id]);
        if (document.getElementById(GRID)) rewrite(["f", "sort", "search", "cols", "u"], pairs);
        return QUIET();
      },

      search(text, external) {
        const next = (text || "").trim();
        if (next === ((external || {}).search || "")) return QUIET();
        return Object.assign({}, external, { search: next });
      },

      /* Which chip was clicked; new chips on the page are no click. */
      removeChip() {
        const context = window.dash_clientside.callback_context;
        const click = context.triggered[0];
        if (!click || !click.value) return QUIET();
        removals += 1; // two clicks on the first chip are two events
        return { index: context.triggered_id.index, count: removals };
      },

      refetch() {
        grid().then((api) => api.purgeInfiniteCache());
        return QUIET();
      },

      follow(current) {
        const place = current || {};
        wanted = place.row === undefined ? null : place.row;
        const bench = document.querySelector(".workbench");
        if (bench) bench.classList.toggle("inspecting", Boolean(place.id));
        target = place.scroll && Number.isInteger(place.position) ? place.position : null;
        grid().then(settle);
        return QUIET();
      },

      choose(selected, current) {
        const row = (selected || [])[0];
        if (!row || row.id === undefined || (current && current.id === row.id)) return QUIET();
        return { id: row.id, row: row.row, scroll: false };
      },

      dismiss(clicks) {
        return clicks ? null : QUIET();
      },

      watchGrid(mark) {
        if (!mark) return QUIET();
        grid().then((api) => {
          const publish = () => publishColumns(api);
          ["columnVisible", "columnMoved"].forEach((name) => api.addEventListener(name, (event) => {
            if (name === "columnVisible" || event.finished) publish();
          }));
          api.addEventListener("modelUpdated", () => {
            settle(api);
            if (api.getDisplayedRowCount()) api.hideOverlay();
            else api.showNoRowsOverlay();
          });
          settle(api);
        });
        return QUIET();
      },

      showColumns(chosen) {
        if (!chosen) return QUIET();
        grid().then((api) => {
          const before = shown(api);
          const added = chosen.filter((name) => !before.includes(name));
          const removed = before.filter((name) => !chosen.includes(name));
          if (!added.length && !removed.length) return;
          choosing = true;
          api.setColumnsVisible(removed, false);
          api.setColumnsVisible(added, true);
          if (added.length) api.ensureColumnVisible(added[added.length - 1]);
          choosing = false;
          publishColumns(api);
        });
        return QUIET();
      },

      resetColumns(clicks, defaults) {
        if (!clicks) return QUIET();
        grid().then((api) => {
          choosing = true;
          const state = api.getColumnState().map((column) => ({ colId: column.colId, hide: !defaults.includes(column.colId) }));
          const place = (name) => (defaults.includes(name) ? defaults.indexOf(name) : defaults.length);
          state.sort((a, b) => place(a.colId) - place(b.colId));
          api.applyColumnState({ state: state, applyOrder: true });
          choosing = false;
          publishColumns(api);
        });
        return QUIET();
      },

      /* Columns came into view: their cells have to be fetched, and the chooser ticks them. */
      columnsChanged(columns, fetched) {
        const missing = (columns || []).some((name) => !(fetched || []).includes(name));
        if (missing) grid().then((api) => api.refreshInfiniteCache());
        return [columns, missing ? columns : QUIET()];
      },

      searchColumns(text, id) {
        const wantedText = (text || "").toLowerCase();
        document.querySelectorAll("#utterances-choice .form-check").forEach((row) => {
          row.style.display = row.textContent.toLowerCase().includes(wantedText) ? "" : "none";
        });
        return QUIET();
      },
    },
  });
})();
