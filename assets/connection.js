/* What a page says when the server fails or goes away, and how it comes back by itself.

   Every answer to Dash passes the watched fetch below. A visit that fails (the request whose answer is the page) shows
   the sentence "shell-failed" in place of the waiting page; a server that cannot be reached at all shows the banner
   "shell-away" until a small file of ours can be had again, and then the failed visit is made again. Both pieces are
   in explorer/components/shell.py; style.css shows them by the two attributes of <body> that are set here. */
(function () {
  "use strict";

  const OURS = document.currentScript.src; // small, on the same server, behind the same guard
  const AGAIN_MS = 2000;
  const GONE = [502, 503, 504]; // what a proxy says for a server that is away
  const plain = window.fetch.bind(window);
  const MOST_TRIES = 3;
  let asking = null;
  let visits = 0;
  let tries = 0; // of the present visit, made by ourselves

  const isVisit = (options) => typeof options.body === "string" && options.body.includes('"output":"..page.children...');
  const mark = (name, value) => (value ? (document.body.dataset[name] = value) : delete document.body.dataset[name]);

  function visitAgain() {
    visits += 1;
    window.dash_clientside.set_props("route", {
      data: { path: window.location.pathname, search: window.location.search, visit: `again ${visits}` },
    });
  }

  async function reachable() {
    try {
      const answer = await plain(OURS, { method: "HEAD", cache: "no-store" });
      return !GONE.includes(answer.status);
    } catch (error) {
      return false;
    }
  }

  /* Asks until there is an answer. The first question decides whether it was the server or one broken request. */
  async function watch() {
    const there = await reachable();
    mark("server", there ? "" : "away");
    asking = there ? null : window.setTimeout(watch, AGAIN_MS);
    if (!there || document.body.dataset.visit !== "away") return;
    tries += 1;
    // A server that answers everything but this page: asking on for ever would not help.
    if (tries > MOST_TRIES) mark("visit", "failed");
    else visitAgain();
  }

  function away() {
    if (asking === null) asking = window.setTimeout(watch, 300); // a page that is being left breaks requests too
  }

  window.fetch = async function (resource, options) {
    const visit = isVisit(options || {});
    try {
      const answer = await plain(resource, options);
      if (GONE.includes(answer.status)) away();
      if (visit && answer.ok) tries = 0;
      if (visit) mark("visit", answer.ok ? "" : GONE.includes(answer.status) ? "away" : "failed");
      return answer;
    } catch (error) {
      if (error.name !== "AbortError") {
        if (visit) mark("visit", "away");
        away();
      }
      throw error;
    }
  };

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-visit-again]")) return;
    mark("visit", "");
    tries = 0;
    visitAgain();
  });
})();
