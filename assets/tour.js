/* A tour of five steps through the pages, offered once on the overview, and again from the list of keys ("?").

   A step names a page, an element there, and says two sentences beside it; without the element it says them in the
   middle. Whoever skips or ends the tour is never asked again in this browser ("earmark-tour"). No network needed. */
(function () {
  "use strict";

  window.earmark = window.earmark || {};
  const KEY = "earmark-tour";
  const PATIENCE_MS = 4000;
  const press = (selector) => { const found = document.querySelector(selector); if (found) found.click(); };
  const inspecting = () => document.querySelector(".workbench.inspecting") !== null;
  const STEPS = [
    {
      path: "/", target: ".tiles", title: "What is in the corpus",
      text: "Hours, words and vocabulary, and every line that could not be read. Open another corpus at the top of the page.",
    },
    {
      path: "/", target: "#overview-rates, #overview-distributions", title: "Every number is a link",
      text: "Error rates open the utterances behind them, worst first. A click on a bar or a letter shows exactly its rows.",
    },
    {
      path: "/utterances", target: ".grid-side", title: "Filter, sort, search",
      text: "Every column has its filter under the header; press / to search. The address holds the whole view: send it, or save it under a name.",
      before: () => { if (inspecting()) press("#utterances-close"); },
    },
    {
      path: "/utterances", target: ".inspector", title: "See it and hear it",
      text: "Space plays, a drag on the waveform loops. j and k go to the next and the previous utterance, and errors are marked word by word.",
      before: () => { if (!inspecting()) press("#utterances-next"); },
    },
    {
      path: null, target: "[data-palette-open]", title: "Jump anywhere",
      text: "Ctrl+K opens pages, corpora, columns, saved views and utterances by typing. Press ? for all keys, and for this tour.",
      before: () => { if (inspecting()) press("#utterances-close"); },
    },
  ];
  let number = -1;
  let card = null;
  let frame = null;
  let turn = 0;

  function decided() {
    try {
      return localStorage.getItem(KEY) !== null;
    } catch (error) {
      return true; // without storage the question would come back at every visit
    }
  }

  function decide(how) {
    try {
      localStorage.setItem(KEY, how);
    } catch (error) {
      /* then it is not asked anyway */
    }
    delete document.body.dataset.tour;
  }

  function offer() {
    if (!decided() && window.location.pathname === "/" && number < 0) document.body.dataset.tour = "offer";
    else delete document.body.dataset.tour;
  }

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  const visible = (found) => [...found].find((one) => one.getClientRects().length > 0) || null;

  /* The step's element once it is there, or null when it does not come. */
  function found(selector) {
    const started = Date.now();
    return new Promise((resolve) => {
      const look = () => {
        const target = visible(document.querySelectorAll(selector));
        if (target || Date.now() - started > PATIENCE_MS) resolve(target);
        else window.setTimeout(look, 80);
      };
      look();
    });
  }

  function place(target) {
    if (!card) return;
    if (!target || !target.isConnected) {
      frame.hidden = true;
      card.classList.add("alone");
      return;
    }
    const box = target.getBoundingClientRect();
    const around = { left: Math.max(4, box.left - 6), top: Math.max(4, box.top - 6) };
    around.width = Math.min(box.right + 6, window.innerWidth - 4) - around.left;
    around.height = Math.min(box.bottom + 6, window.innerHeight - 4) - around.top;
    frame.hidden = false;
    card.classList.remove("alone");
    Object.entries(around).forEach(([name, value]) => { frame.style[name] = `${value}px`; });
    const size = card.getBoundingClientRect();
    const below = around.top + around.height + 12;
    const above = around.top - size.height - 12;
    const fits = below + size.height < window.innerHeight - 8;
    const top = fits ? below : above > 8 ? above : window.innerHeight - size.height - 16;
    card.style.top = `${top}px`;
    card.style.left = `${Math.max(12, Math.min(box.left, window.innerWidth - size.width - 12))}px`;
  }

  function build() {
    frame = element("div", { className: "tour-frame", hidden: true });
    card = element("div", { className: "tour-card alone", tabIndex: -1 });
    card.setAttribute("role", "dialog");
    card.setAttribute("aria-labelledby", "tour-title");
    card.setAttribute("aria-describedby", "tour-text");
    document.body.append(frame, card);
    document.addEventListener("keydown", onKey, true);
  }

  function draw() {
    const step = STEPS[number];
    const last = number === STEPS.length - 1;
    const button = (label, kind, run) => element("button", { type: "button", className: `btn btn-sm btn-${kind}`, onclick: run }, label);
    card.replaceChildren(
      element("p", { className: "tour-place" }, `${number + 1} of ${STEPS.length}`),
      element("h2", { id: "tour-title" }, step.title),
      element("p", { id: "tour-text" }, step.text),
      element("div", { className: "tour-buttons" },
        ...(last ? [] : [button("Skip the tour", "link", () => end("skipped"))]),
        ...(number ? [button("Back", "secondary", () => go(number - 1))] : []),
        button(last ? "Done" : "Next", "primary", () => (last ? end("done") : go(number + 1)))),
    );
  }

  async function go(next) {
    number = next;
    turn += 1;
    const mine = turn;
    const step = STEPS[number];
    if (!card) build();
    draw();
    place(null);
    card.focus({ preventScroll: true });
    if (step.path && window.location.pathname !== step.path) {
      const kept = new URLSearchParams();
      const here = new URLSearchParams(window.location.search);
      ["corpus", "normalizer"].forEach((name) => here.has(name) && kept.append(name, here.get(name)));
      const text = kept.toString().replace(/\+/g, "%20");
      window.earmark.address.go(step.path, text ? "?" + text : "");
      await found(step.path === "/" ? ".tiles" : "#utterances-grid .ag-row");
    }
    if (mine !== turn) return;
    if (step.before) step.before();
    const target = await found(step.target);
    if (mine !== turn || !card) return;
    if (target) target.scrollIntoView({ block: "nearest" });
    const follow = () => {
      if (mine !== turn || !card) return;
      place(target);
      window.requestAnimationFrame(follow);
    };
    follow();
    card.focus({ preventScroll: true });
  }

  function end(how) {
    decide(how);
    turn += 1;
    number = -1;
    document.removeEventListener("keydown", onKey, true);
    card.remove();
    frame.remove();
    card = frame = null;
    document.getElementById("page").focus({ preventScroll: true });
  }

  function onKey(event) {
    if (event.key === "Escape") end("skipped");
    else if (event.key === "ArrowRight" && card.contains(event.target) && number < STEPS.length - 1) go(number + 1);
    else if (event.key === "ArrowLeft" && card.contains(event.target) && number) go(number - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function start() {
    const open = document.querySelector("dialog[open]");
    if (open) open.close();
    decide("started");
    if (number < 0) go(0);
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-tour-start]")) start();
    if (event.target.closest("[data-tour-never]")) decide("skipped");
  });
  document.addEventListener("earmark:page", offer);
  window.earmark.palette.add("Take the tour", start);
  window.earmark.tour = { start };
})();
