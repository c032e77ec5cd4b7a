/* What happens in the browser without asking the server: theme, address, pop-ups. The table is in table.js.

   Dash calls the functions in dash_clientside.earmark (clientside callbacks in explorer/components/shell.py). Addresses are rewritten with history.replaceState, so that "back" leaves the page
   instead of undoing one letter of a search; dcc.Location is told, and `route` knows our own hand and stays quiet. */
(function () {
  "use strict";

  const THEME = "earmark-theme";
  const QUIET = () => window.dash_clientside.no_update;
  let written = null;
  let visits = 0;
  let page = null;

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

  window.earmark.palette.add("Use the theme of the system", () => {
    try {
      localStorage.removeItem(THEME);
    } catch (error) {
      /* nothing was kept */
    }
    applyTheme(preferred());
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
    stay(path, search);
    window.scrollTo(0, 0);
  }

  /* The same page, looked at differently: what is being looked at stays where it is. */
  function stay(path, search) {
    window.history.pushState({}, "", path + search);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
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
        // An upload's own field has no name; it is called as the area around it.
        node.querySelectorAll("input[type=file]:not([aria-label])").forEach((field) => {
          field.setAttribute("aria-label", field.parentElement.textContent.trim() || "File");
        });
      }
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  window.earmark = Object.assign(window.earmark || {}, { address: { rewrite, go } });
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.earmark = Object.assign(window.dash_clientside.earmark || {}, {
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

    /* The page has come: its title, and after a change of page the focus, which was on a link of the old one. */
    title(title) {
      if (!title) return QUIET();
      document.title = title;
      const tab = document.querySelector(".page-tabs .here");
      if (tab) tab.scrollIntoView({ block: "nearest", inline: "center" });
      const before = page;
      page = window.location.pathname;
      const focused = document.activeElement;
      if (before !== null && before !== page && (!focused || focused === document.body || focused.closest(".header"))) {
        document.getElementById("page").focus({ preventScroll: true });
      }
      document.dispatchEvent(new CustomEvent("earmark:page"));
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
      const move = initial && initial.closest("#page") ? stay : go;
      move(window.location.pathname, "?" + kept.toString().replace(/\+/g, "%20"));
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
  });
})();
