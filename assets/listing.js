/* The link between a listing's grid (words, characters) and its address, and cells that are links.

   Dash calls the functions in dash_clientside.earmark (clientside callbacks in explorer/components/listing_grid.py).
   A page has one listing; its grid is called after the page: vocabulary-grid. */
(function () {
  "use strict";

  const QUIET = () => window.dash_clientside.no_update;
  const parts = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  function gridId() {
    const found = document.querySelector(".listing-grid");
    return found ? found.id : "";
  }

  function grid() {
    const id = gridId();
    return window.dash_ag_grid && id ? window.dash_ag_grid.getApiAsync(id) : new Promise(() => {});
  }

  function open(href) {
    const [path, query] = href.split("?");
    window.earmark.address.go(path, query ? "?" + query : "");
  }

  /* A cell whose row says where it leads; a plain click stays in the app, any other is the browser's own. A cell of a
     row that says what is `said` opens at the word, when its time is known. */
  parts.CellLink = function (props) {
    const make = window.React.createElement;
    if (!props.data) return make("span", null, "");
    const shown = props.valueFormatted || (props.value === null || props.value === undefined ? "\u2013" : String(props.value));
    const href = props.data["link:" + props.colDef.colId];
    if (!href) return make("span", null, shown);
    const follow = (event) => {
      if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      // Where the word is said in the first utterance, only the server knows.
      if (props.data.said === undefined) open(href);
      else window.dash_clientside.set_props(gridId().replace(/grid$/, "ask"), { data: { said: props.data.said, href: href } });
    };
    return make("a", { href: href, onClick: follow, className: "cell-link", tabIndex: -1 }, shown);
  };

  /* Arrow keys move from cell to cell; Enter follows the link in it. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.classList || !event.target.classList.contains("ag-cell")) return;
    const link = event.target.querySelector("a.cell-link");
    if (link) link.click();
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.earmark = Object.assign(window.dash_clientside.earmark || {}, {
    writeListing(view, watch) {
      const prefix = (watch || {}).prefix || "";
      const names = ["f", "sort", "search"].map((name) => prefix + name);
      if (gridId()) window.earmark.address.rewrite(names, (view || []).map(([name, value]) => [prefix + name, value]));
      return QUIET();
    },

    searchListing(text, external) {
      const next = (text || "").trim();
      if (next === ((external || {}).search || "")) return QUIET();
      return Object.assign({}, external, { search: next });
    },

    refetchListing() {
      grid().then((api) => api.purgeInfiniteCache());
      return QUIET();
    },

    watchListing(mark) {
      if (!mark) return QUIET();
      grid().then((api) => {
        const settle = () => (api.getDisplayedRowCount() ? api.hideOverlay() : api.showNoRowsOverlay());
        api.addEventListener("modelUpdated", settle);
      });
      return QUIET();
    },

    clearListing(clicks) {
      if (!clicks) return [QUIET(), QUIET(), QUIET()];
      return [{}, { search: "", kept: [] }, ""];
    },

    followAddress(href) {
      if (href) open(href);
      return QUIET();
    },
  });
})();
