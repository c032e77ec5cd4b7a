/* The layout of a table that somebody made, remembered in this browser for each corpus: which columns in which order,
   and their widths.

   Kept as {shown: [names], hidden: [names], widths: {name: pixels}} under "earmark-layout:CORPUS". `hidden` are usual
   columns that were taken away: a column that comes later (a new system's) is in neither list and is shown as usual.
   Where the columns leave room, those of texts share it, as long as nobody has given them a width.
   A browser that forbids storage has tables as the server draws them. */
(function () {
  "use strict";

  window.earmark = window.earmark || {};
  const KEY = (corpus) => `earmark-layout:${corpus}`;

  function read(corpus) {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY(corpus)) || "null");
      if (!kept || !Array.isArray(kept.shown) || !Array.isArray(kept.hidden) || typeof kept.widths !== "object") return null;
      return kept;
    } catch (error) {
      return null;
    }
  }

  const WIDE = 320; // first width of columns that hold sentences
  let filled = {}; // their widths with the room that was left

  const shown = (api) => api.getAllDisplayedColumns().map((column) => column.getColId());
  const used = (column) => column.isFilterActive() || Boolean(column.getSort());

  function save(corpus, api, usual) {
    const names = shown(api);
    const widths = {};
    api.getColumns().forEach((column) => {
      const usualWidth = [column.getColDef().initialWidth, filled[column.getColId()]].includes(column.getActualWidth());
      if (!usualWidth) widths[column.getColId()] = column.getActualWidth();
    });
    const kept = { shown: names, hidden: usual.filter((name) => !names.includes(name)), widths };
    try {
      localStorage.setItem(KEY(corpus), JSON.stringify(kept));
    } catch (error) {
      /* the layout then lasts until the page is closed */
    }
  }

  function forget(corpus) {
    try {
      localStorage.removeItem(KEY(corpus));
    } catch (error) {
      /* nothing was kept */
    }
  }

  /* Gives the table its remembered layout; true when its columns became others. An address that names its columns
     (`fixed`) is somebody's view: only the widths are ours then. */
  function apply(corpus, api, fixed) {
    const kept = read(corpus);
    if (!kept) return false;
    const before = shown(api);
    const present = new Set(api.getColumns().map((column) => column.getColId()));
    let wanted = before;
    if (!fixed) {
      const chosen = kept.shown.filter((name) => present.has(name));
      const more = before.filter((name) => !kept.shown.includes(name)
        && (!kept.hidden.includes(name) || used(api.getColumn(name))));
      if (chosen.length) wanted = [...chosen, ...more];
    }
    const rest = [...present].filter((name) => !wanted.includes(name));
    const state = [...wanted, ...rest].map((name) => {
      const width = Number(kept.widths[name]);
      return { colId: name, hide: !wanted.includes(name), ...(width > 0 ? { width } : {}) };
    });
    api.applyColumnState({ state, applyOrder: true });
    return wanted.join("\n") !== before.join("\n");
  }

  /* Give the room that the columns leave to those of texts, or take it back. */
  function fill(api) {
    const range = api.getHorizontalPixelRange();
    const room = range.right - range.left;
    if (room <= 0) return;
    const columns = api.getAllDisplayedColumns();
    const free = columns.filter((column) => {
      const first = column.getColDef().initialWidth;
      return first >= WIDE && [first, filled[column.getColId()]].includes(column.getActualWidth());
    });
    const others = columns.filter((column) => !free.includes(column)).reduce((sum, column) => sum + column.getActualWidth(), 0);
    const widths = free.map((column) => {
      const first = column.getColDef().initialWidth;
      return { key: column.getColId(), newWidth: Math.max(first, Math.floor((room - others) / free.length)) };
    });
    filled = Object.fromEntries(widths.map((entry) => [entry.key, entry.newWidth]));
    const changed = widths.filter((entry) => api.getColumn(entry.key).getActualWidth() !== entry.newWidth);
    if (changed.length) api.setColumnWidths(changed, true, "api");
  }

  /* These columns and no others, in this order; `more(column)` is what else becomes of each. */
  function arrange(api, names, more) {
    const place = (name) => (names.includes(name) ? names.indexOf(name) : names.length);
    const state = api.getColumns().map((column) => ({
      colId: column.getColId(),
      hide: !names.includes(column.getColId()),
      ...more(column),
    }));
    state.sort((a, b) => place(a.colId) - place(b.colId));
    api.applyColumnState({ state, applyOrder: true });
  }

  /* The usual columns at their first widths. */
  function reset(api, usual) {
    arrange(api, usual, (column) => ({ width: column.getColDef().initialWidth }));
  }

  /* Other columns became usual: what is now filtered by is shown. Who has chosen no columns has the usual ones. */
  function follow(api, before, usual) {
    const now = shown(api);
    const added = usual.filter((name) => !before.includes(name) && !now.includes(name));
    const chosen = now.join("\n") !== before.join("\n");
    const names = chosen ? [...now.slice(0, 1), ...added, ...now.slice(1)] : usual;
    if (names.join("\n") !== now.join("\n")) arrange(api, names, () => ({}));
  }

  window.earmark.layout = { apply, fill, follow, forget, reset, save, shown };
})();
