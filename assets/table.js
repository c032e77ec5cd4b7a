/* The link between the table of utterances, its address and the chosen utterance, in the browser.

   Dash calls the functions in dash_clientside.earmark (clientside callbacks in explorer/pages/utterances.py). */
(function () {
  "use strict";

  window.earmark = window.earmark || {};
  const GRID = "utterances-grid";
  const QUIET = () => window.dash_clientside.no_update;
  const layout = () => window.earmark.layout;
  let choosing = false;
  let corpus = "";
  let usual = []; // the columns shown to somebody who has chosen none
  let followed = []; // what was usual when the table was last arranged
  let wanted = null; // the row that should be highlighted; it may not be loaded yet
  let target = null; // the position to scroll to, once the grid knows that it has that many rows
  let asked = null; // a column to be shown as soon as there is a table
  let removals = 0;

  function publishColumns(api) {
    if (!choosing) window.dash_clientside.set_props("utterances-columns", { data: layout().shown(api) });
  }

  /* What `change` does to the columns is told once, not column by column. */
  function rearrange(api, change) {
    choosing = true;
    change();
    choosing = false;
    publishColumns(api);
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

  function watch(api) {
    ["gridSizeChanged", "displayedColumnsChanged", "firstDataRendered"].forEach((name) =>
      api.addEventListener(name, () => layout().fill(api)));
    layout().fill(api);
    api.addEventListener("columnVisible", () => publishColumns(api));
    api.addEventListener("columnMoved", (event) => {
      if (!event.finished) return;
      publishColumns(api);
      if (event.source === "uiColumnMoved") layout().save(corpus, api, usual);
    });
    api.addEventListener("columnResized", (event) => {
      if (!event.finished || !/^(ui|autosize)/.test(event.source)) return;
      layout().save(corpus, api, usual);
      layout().fill(api);
    });
    api.addEventListener("modelUpdated", () => {
      settle(api);
      if (api.getDisplayedRowCount()) api.hideOverlay();
      else api.showNoRowsOverlay();
    });
    // The grid itself selects with the space bar, which plays here.
    api.addEventListener("cellKeyDown", (event) => {
      if (event.event.key === "Enter") event.node.setSelected(true, true);
    });
  }

  /* Bring a column into view, adding it if it is hidden, and point at it. */
  function point(api, name) {
    if (!api.getColumn(name)) return;
    if (!api.getColumn(name).isVisible()) {
      rearrange(api, () => api.setColumnsVisible([name], true));
      layout().save(corpus, api, usual);
    }
    api.ensureColumnVisible(name, "middle");
    window.setTimeout(() => {
      const head = document.querySelector(`#${GRID} .ag-header-cell[col-id="${CSS.escape(name)}"]`);
      if (!head) return;
      head.classList.add("pointed-at");
      api.setFocusedHeader(name);
      window.setTimeout(() => head.classList.remove("pointed-at"), 2500);
    }, 150);
  }

  function showColumn(name) {
    if (!document.getElementById(GRID)) {
      asked = name;
      return;
    }
    grid().then((api) => point(api, name));
  }

  [
    ["↑ ↓ ← →", "move in the table, up into filters and headers"],
    ["Home End PgUp PgDn", "far moves"],
    ["Enter", "open the utterance; in a filter's field, type"],
  ].forEach(([label, help]) => window.earmark.hotkeys.add({
    keys: [], label, help, group: "Table", when: () => document.getElementById(GRID) !== null,
  }));
  window.earmark.table = { showColumn };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.earmark = Object.assign(window.dash_clientside.earmark || {}, {
    /* The place on the page: the query, the columns and the chosen utterance. */
    writePlace(view, columns, defaults, current) {
      const pairs = (view || []).slice();
      const names = columns || [];
      usual = defaults || [];
      if (names.length && names.join("\n") !== usual.join("\n")) {
        pairs.push(["cols", names.map(encodeURIComponent).join(",")]);
      }
      if (current && current.id) pairs.push(["u", current.id]);
      const replaced = ["f", "sort", "search", "where", "cols", "u"];
      const shown = new URLSearchParams(window.location.search).get("u");
      // The player's place (t, from, to) is one in that utterance only.
      if (!current || current.id !== shown) replaced.push("t", "from", "to");
      if (document.getElementById(GRID)) window.earmark.address.rewrite(replaced, pairs);
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
      window.earmark.sheet.follow(Boolean(place.id));
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

    /* A new table: `name` is its corpus, `first` the columns it has for somebody who has chosen none. */
    watchGrid(name, first) {
      if (!name) return QUIET();
      corpus = name;
      usual = first || [];
      followed = usual;
      grid().then((api) => {
        const fixed = new URLSearchParams(window.location.search).has("cols");
        choosing = true;
        const changed = layout().apply(corpus, api, fixed);
        choosing = false;
        if (changed) publishColumns(api);
        watch(api);
        settle(api);
        if (asked !== null) point(api, asked);
        asked = null;
      });
      return QUIET();
    },

    showColumns(chosen) {
      if (!chosen) return QUIET();
      grid().then((api) => {
        const before = layout().shown(api);
        const added = chosen.filter((name) => !before.includes(name));
        const removed = before.filter((name) => !chosen.includes(name));
        if (!added.length && !removed.length) return;
        rearrange(api, () => {
          api.setColumnsVisible(removed, false);
          api.setColumnsVisible(added, true);
          if (added.length) api.ensureColumnVisible(added[added.length - 1]);
        });
        layout().save(corpus, api, usual);
      });
      return QUIET();
    },

    /* The view filters by something else: what it filters by is shown. */
    followUsual(defaults) {
      if (!defaults) return QUIET();
      const before = followed;
      followed = defaults;
      if (before.join("\n") !== followed.join("\n")) {
        grid().then((api) => rearrange(api, () => layout().follow(api, before, followed)));
      }
      return QUIET();
    },

    resetColumns(clicks, defaults) {
      if (!clicks) return QUIET();
      layout().forget(corpus);
      grid().then((api) => rearrange(api, () => layout().reset(api, defaults)));
      return QUIET();
    },

    /* Columns came into view: their cells have to be fetched, and the chooser ticks them. */
    columnsChanged(columns, fetched) {
      const missing = (columns || []).some((name) => !(fetched || []).includes(name));
      if (missing) grid().then((api) => api.refreshInfiniteCache());
      return [columns, missing ? columns : QUIET()];
    },

    searchColumns(text) {
      const wantedText = (text || "").toLowerCase();
      document.querySelectorAll("#utterances-choice .form-check").forEach((row) => {
        row.style.display = row.textContent.toLowerCase().includes(wantedText) ? "" : "none";
      });
      return QUIET();
    },
  });
})();
