/* Widths and order of the columns of every table but the one of utterances (layout.js), remembered in this browser.

   Kept as {order: [names], widths: {name: pixels}} under "earmark-table:ID OF THE GRID"; columns that come later stay
   behind those that are known. A browser that forbids storage has tables as the server draws them. */
(function () {
  "use strict";

  const KEY = "earmark-table:";
  const TABLES = ".grid-frame[id$='-grid']:not(#utterances-grid)";
  const seen = new WeakSet();

  function read(id) {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY + id) || "null");
      return kept && Array.isArray(kept.order) && typeof kept.widths === "object" ? kept : { order: [], widths: {} };
    } catch (error) {
      return { order: [], widths: {} };
    }
  }

  function write(id, kept) {
    try {
      localStorage.setItem(KEY + id, JSON.stringify(kept));
    } catch (error) {
      /* the layout then lasts until the page is left */
    }
  }

  function apply(id, api) {
    const kept = read(id);
    const present = api.getColumns().map((column) => column.getColId());
    const order = kept.order.filter((name) => present.includes(name));
    if (!order.length && !present.some((name) => kept.widths[name] > 0)) return;
    const state = [...order, ...present.filter((name) => !order.includes(name))].map((name) => {
      const width = Number(kept.widths[name]);
      return { colId: name, ...(width > 0 ? { width, flex: null } : {}) };
    });
    api.applyColumnState({ state, applyOrder: order.length > 0 });
  }

  function watch(id, api) {
    api.addEventListener("columnMoved", (event) => {
      if (!event.finished || event.source !== "uiColumnMoved") return;
      write(id, { ...read(id), order: api.getColumnState().map((column) => column.colId) });
    });
    api.addEventListener("columnResized", (event) => {
      if (!event.finished || !event.column || !/^(ui|autosize)/.test(event.source)) return;
      const kept = read(id);
      kept.widths[event.column.getColId()] = event.column.getActualWidth();
      write(id, kept);
    });
  }

  function look() {
    if (!window.dash_ag_grid) return;
    document.querySelectorAll(TABLES).forEach((table) => {
      if (seen.has(table)) return;
      seen.add(table);
      window.dash_ag_grid.getApiAsync(table.id).then((api) => {
        apply(table.id, api);
        watch(table.id, api);
      });
    });
  }

  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });

  window.earmark.palette.add("Usual widths and order of this table", () =>
    document.querySelectorAll(TABLES).forEach((table) => {
      try {
        localStorage.removeItem(KEY + table.id);
      } catch (error) {
        /* nothing was kept */
      }
      window.dash_ag_grid.getApiAsync(table.id).then((api) => api.resetColumnState());
    }));
})();
