/* The rows of the alignment: which systems are shown and in which order, chosen by the reader.

   The choice is in the address (side=NAME in order, without=NAME for hidden ones) and, by corpus, in the browser's storage, so
   that the next utterance and the next visit show the same. Nothing is asked of the server: one style sheet moves and hides rows
   by their number, and with them the columns in which only hidden systems have something. */
(function () {
  "use strict";

  const KEY = (corpus) => `earmark-side:${corpus}`;
  const sheet = document.head.appendChild(document.createElement("style"));
  let drawn = "";

  const view = () => document.querySelector(".align-view[data-systems]");

  function kept(corpus) {
    try {
      return JSON.parse(localStorage.getItem(KEY(corpus)) || "null");
    } catch (error) {
      return null; // storage is forbidden, or something else wrote there: then the usual order holds
    }
  }

  function keep(corpus, choice) {
    try {
      localStorage.setItem(KEY(corpus), JSON.stringify(choice));
    } catch (error) {
      /* the address still has it */
    }
  }

  /* The choice for these systems: the address's, else the one of the last visit; systems that neither knows come last. */
  function choice(corpus, systems) {
    const parameters = new URLSearchParams(window.location.search);
    const told = { side: parameters.getAll("side"), without: parameters.getAll("without") };
    const from = told.side.length || told.without.length ? told : kept(corpus) || told;
    const known = (from.side || []).filter((name) => systems.includes(name));
    return {
      side: known.concat(systems.filter((name) => !known.includes(name))),
      without: (from.without || []).filter((name) => systems.includes(name)),
    };
  }

  function draw() {
    const now = view();
    const told = now ? `${now.dataset.corpus}\n${now.dataset.systems}\n${window.location.search}` : "";
    if (told === drawn) return;
    drawn = told;
    if (!now) return;
    const systems = JSON.parse(now.dataset.systems);
    const { side, without } = choice(now.dataset.corpus, systems);
    const rules = [];
    systems.forEach((name, index) => {
      const row = index + 2; // the reference is the first
      rules.push(`.align-column > :nth-child(${row}), .align-names > :nth-child(${row}) { order: ${1 + side.indexOf(name)}; }`);
      rules.push(`.align-arrange > :nth-child(${index + 1}), .align-badges > :nth-child(${index + 1}) { order: ${1 + side.indexOf(name)}; }`);
      if (!without.includes(name)) return;
      rules.push(`.align-column > :nth-child(${row}), .align-names > :nth-child(${row}), .align-badges > :nth-child(${index + 1}) { display: none; }`);
    });
    if (without.length) {
      const shown = systems.map((name, index) => (without.includes(name) ? "" : `:not(.by-${index})`)).join("");
      rules.push(`.align-column.by${shown} { display: none; }`);
    }
    sheet.textContent = rules.join("\n");
    document.querySelectorAll("[data-align-toggle]").forEach((button) => {
      button.setAttribute("aria-pressed", String(!without.includes(button.dataset.alignToggle)));
    });
    document.querySelectorAll("[data-align-up]").forEach((button) => {
      button.disabled = side.indexOf(button.dataset.alignUp) === 0;
    });
    document.querySelectorAll("[data-align-down]").forEach((button) => {
      button.disabled = side.indexOf(button.dataset.alignDown) === side.length - 1;
    });
  }

  function change(alter) {
    const now = view();
    if (!now) return;
    const systems = JSON.parse(now.dataset.systems);
    const next = choice(now.dataset.corpus, systems);
    alter(next);
    const usual = next.side.every((name, index) => name === systems[index]);
    keep(now.dataset.corpus, next);
    window.earmark.address.rewrite(["side", "without"], [
      ...(usual && !next.without.length ? [] : next.side.map((name) => ["side", name])),
      ...next.without.map((name) => ["without", name]),
    ]);
    drawn = "";
    draw();
  }

  function moved(side, name, step) {
    const at = side.indexOf(name);
    const to = at + step;
    if (at < 0 || to < 0 || to >= side.length) return;
    side.splice(at, 1);
    side.splice(to, 0, name);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-align-toggle], [data-align-up], [data-align-down], [data-align-reset]");
    if (!button) return;
    const { alignToggle, alignUp, alignDown } = button.dataset;
    change((next) => {
      if (alignToggle !== undefined) {
        next.without = next.without.includes(alignToggle)
          ? next.without.filter((name) => name !== alignToggle)
          : next.without.concat(alignToggle);
      } else if (alignUp !== undefined) moved(next.side, alignUp, -1);
      else if (alignDown !== undefined) moved(next.side, alignDown, 1);
      else {
        next.side = JSON.parse(view().dataset.systems);
        next.without = [];
      }
    });
  });

  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
