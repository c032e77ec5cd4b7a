/* The listening room: one transport for all rows. A click on a system, or its digit, goes on with that system in the
   current sentence at the same position (player-deck.js makes that exact); j and k go to the next and previous sentence,
   with the same system, and on playing if it played. The current sentence is the one last listened to, else the first.

   Markup (evaluator/pages/tts.py, evaluator/components/tts_*.py): [data-tts-system="N"] buttons, .tts-row with a player in [data-tts-cell="N"], and the
   transport's [data-tts-step], [data-tts-play], [data-tts-level], [data-tts-clock], [data-tts-now], [data-tts-said]. */
"use strict";

(() => {
  const LU = (value) => value.toFixed(1).replace("-", "−");
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const rows = () => all(".tts-row");
  const decks = () => window.earmark.parts.decks;
  let chosen = "1"; // the number of the system that is heard
  let hunting = 0; // the direction of a step that led to another page

  const onScreen = (row) => {
    const box = row.getBoundingClientRect();
    return box.bottom > 0 && box.top < window.innerHeight;
  };
  const currentRow = () => one(".tts-row.is-current") || rows().find(onScreen) || rows()[0] || null;
  const cellOf = (row, system) => (row ? one(`[data-tts-cell="${CSS.escape(system)}"]`, row) : null);
  const playerOf = (row, system) => {
    const cell = cellOf(row, system);
    return cell ? one(".player", cell) : null;
  };
  const deckOf = (row) => {
    const player = row && one(".player[data-deck]", row);
    return player ? window.earmark.parts.ensemble.find(player).audio.deck : null;
  };
  /* The reading of a row that is heard first: the chosen system's, where it has one. */
  const firstOf = (row) => {
    const deck = deckOf(row);
    const player = playerOf(row, chosen) || one(".player", row);
    return deck ? [...deck.members].find((member) => member.root === player) || null : null;
  };
  /* Fetch and decode the sounds of a row that somebody is about to hear, that of the chosen system first. */
  function prepare(row) {
    const deck = deckOf(row);
    if (deck) deck.prepare(firstOf(row));
  }
  /* Rows near the screen have the chosen system's sound fetched before anybody asks for it, and before their pictures. */
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) bring(target);
  }, { rootMargin: "300px" });
  function bring(row) {
    const member = firstOf(row);
    if (member) member.bring();
  }
  const say = (text) => { const place = one("[data-tts-said]"); if (place) place.textContent = text; };
  const nameOf = (system) => {
    const button = one(`[data-tts-system="${CSS.escape(system)}"] b`);
    return button ? button.textContent : "";
  };

  function mark(row) {
    for (const other of all(".tts-row.is-current")) if (other !== row) other.classList.remove("is-current");
    if (!row) return;
    row.classList.add("is-current");
    prepare(row);
    const player = playerOf(row, chosen) || one(".player", row);
    if (player) window.earmark.player.choose(player);
    show();
  }

  /* Buttons, clock and names as they are now. */
  function show() {
    const row = currentRow();
    const deck = deckOf(row);
    const playing = Boolean(deck && deck.playing);
    for (const button of all("[data-tts-system]")) button.setAttribute("aria-pressed", String(button.dataset.ttsSystem === chosen));
    for (const cell of all(".tts-cell.is-heard")) cell.classList.remove("is-heard");
    const heard = row && row.classList.contains("is-current") && cellOf(row, chosen);
    if (heard) heard.classList.add("is-heard");
    const play = one("[data-tts-play]");
    if (!play) return;
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    play.firstElementChild.className = `bi bi-${playing ? "pause" : "play"}-fill`;
    one("[data-tts-level]").setAttribute("aria-checked", String(decks().level.matched));
    one("[data-tts-now]").textContent = row ? `${row.dataset.ttsRow} · ${nameOf(chosen)}` : "";
    tick(deck);
  }

  /* The clock, while something plays. */
  function tick(deck) {
    const place = one("[data-tts-clock]");
    if (!place || !deck) return;
    const longest = deck.longest;
    const clock = window.earmark.parts.clock;
    place.textContent = longest ? clock(Math.min(deck.position, longest)) : "–:––";
    one("[data-tts-length]").textContent = longest ? `/ ${clock(longest)}` : "";
    if (deck.playing && place.isConnected) requestAnimationFrame(() => { if (deckOf(currentRow()) === deck) tick(deck); });
  }

  function choose(system) {
    const row = currentRow();
    const player = playerOf(row, system);
    if (!player) {
      say(`${nameOf(system)} has not read this sentence.`);
      const cell = cellOf(row, system);
      if (cell) {
        cell.classList.remove("is-asked");
        void cell.offsetWidth; // the movement begins anew
        cell.classList.add("is-asked");
      }
      return;
    }
    chosen = system;
    mark(row);
    reveal(row, system);
    for (const other of rows()) if (other !== row && onScreen(other)) bring(other);
    window.earmark.player.switchTo(player);
  }

  /* In a narrow window the readings of a sentence stand in a strip: the one that is heard comes into view. */
  function reveal(row, system) {
    const cell = cellOf(row, system);
    const strip = cell && cell.parentElement;
    if (!strip || strip.scrollWidth <= strip.clientWidth) return;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    strip.scrollTo({ left: cell.offsetLeft - strip.offsetLeft, behavior: calm ? "auto" : "smooth" });
  }

  function step(direction) {
    const list = rows();
    const row = currentRow();
    const deck = deckOf(row);
    const playing = Boolean(deck && deck.playing);
    const marked = row && row.classList.contains("is-current");
    const next = marked ? list[list.indexOf(row) + direction] : row;
    if (!next) {
      const link = one(`[data-page-step="${direction}"] a`);
      if (link) {
        hunting = direction;
        link.click();
      } else {
        say(direction > 0 ? "This is the last sentence." : "This is the first sentence.");
      }
      return;
    }
    if (deck && deck !== deckOf(next)) deck.pause();
    enter(next);
    const player = playerOf(next, chosen);
    if (playing && player) {
      deckOf(next).move(0);
      window.earmark.player.play(player);
    }
  }

  function enter(row) {
    mark(row);
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    row.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
    say(`Sentence ${row.dataset.ttsRow}: ${one("h2", row).textContent}`);
  }

  /* A page that came after a step beyond the last row: go on with its first, or last. */
  function arrived() {
    const list = rows();
    if (hunting) {
      const row = hunting > 0 ? list[0] : list[list.length - 1];
      hunting = 0;
      enter(row);
    } else {
      show();
    }
    near.disconnect();
    for (const row of list) near.observe(row);
  }

  function loudness(member) {
    const place = one("[data-tts-lufs]", member.root.closest(".tts-cell") || document.createElement("div"));
    if (!place || !member.loudness) return;
    const { lufs, gain_db: gain, limited } = member.loudness;
    if (lufs === null) {
      place.textContent = "no loudness";
      place.title = "Too short, or silent: played as it is";
      return;
    }
    const on = decks().level.matched;
    place.textContent = on ? `${LU(lufs)} → ${LU(lufs + gain)} LUFS` : `${LU(lufs)} LUFS`;
    place.title = limited ? "Its peaks keep it below the target" : on ? `Played ${LU(gain)} dB louder` : "Played as it is";
    place.classList.toggle("is-limited", limited && on);
  }

  function relabel() {
    for (const player of window.earmark.parts.ensemble.players.values()) if (player.audio.deck) loudness(player.audio);
  }

  function search(form) {
    const parameters = new URLSearchParams(window.location.search);
    parameters.delete("page");
    for (const field of all("input[name]", form)) {
      parameters.delete(field.name);
      if (field.value.trim()) parameters.append(field.name, field.value.trim());
    }
    visit(parameters);
  }

  function visit(parameters) {
    const text = parameters.toString().replace(/\+/g, "%20");
    window.earmark.address.go(window.location.pathname, text ? `?${text}` : "");
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-tts-form]")) return;
    event.preventDefault();
    search(event.target);
  });

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const button = target && target.closest("[data-tts-system], [data-tts-step], [data-tts-play], [data-tts-level], [data-tts-clear]");
    if (!button) return;
    const { ttsSystem, ttsStep, ttsLevel, ttsClear } = button.dataset;
    if (ttsSystem) choose(ttsSystem);
    else if (ttsStep) step(Number(ttsStep));
    else if (ttsLevel) {
      decks().level.match(!decks().level.matched);
      say(decks().level.matched ? "Equal loudness" : "Loudness as in the files");
      relabel();
      show();
    } else if (ttsClear) {
      const parameters = new URLSearchParams(window.location.search);
      for (const name of ["search", "where", "f", "page"]) parameters.delete(name);
      visit(parameters);
    } else {
      const row = currentRow();
      const deck = deckOf(row);
      if (deck && deck.playing) deck.pause();
      else if (row) {
        mark(row);
        const player = playerOf(row, chosen) || one(".player", row);
        if (player) window.earmark.player.play(player);
      }
    }
  });

  /* Somebody who points at a row, or comes to it with the keyboard, is about to listen: all its sounds are fetched. */
  for (const what of ["pointerover", "focusin"]) {
    document.addEventListener(what, (event) => {
      const row = event.target instanceof Element && event.target.closest(".tts-row");
      if (row) prepare(row);
    }, { passive: true });
  }
  /* A press comes before its click, and a browser opens its output no earlier. */
  for (const what of ["pointerdown", "keydown"]) {
    document.addEventListener(what, () => { if (one(".tts-row")) decks().wake(); }, { capture: true, passive: true });
  }

  document.addEventListener("pointerdown", (event) => {
    const row = event.target instanceof Element && event.target.closest(".tts-row");
    if (!row) return;
    const cell = event.target.closest("[data-tts-cell]");
    if (cell && one(".player", cell)) chosen = cell.dataset.ttsCell;
    mark(row);
  }, { capture: true, passive: true });

  document.addEventListener("deck", (event) => {
    const { what, member } = event.detail;
    if (what === "level") loudness(member);
    const own = member.root.closest(".tts-row");
    const current = one(".tts-row.is-current");
    if (!own || (what === "level" && current && own !== current)) return;
    if (what === "play" || what === "choose") {
      const cell = member.root.closest("[data-tts-cell]");
      if (cell) chosen = cell.dataset.ttsCell;
      if (current && current !== own) current.classList.remove("is-current");
      own.classList.add("is-current");
    }
    show();
  });

  /* What is new waits until nobody listens: drawing the page anew ends what plays. */
  let waiting = null;
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.earmark = Object.assign(window.dash_clientside.earmark || {}, {
    whenQuiet(revision) {
      if (!decks().playing()) return revision;
      waiting = revision;
      return window.dash_clientside.no_update;
    },
    synthesisAsked(clicks) {
      const field = document.getElementById("synthesize-text");
      return clicks ? { clicks, text: field ? field.value : "" } : window.dash_clientside.no_update;
    },
  });
  document.addEventListener("deck", (event) => {
    if (event.detail.what !== "pause" || waiting === null) return;
    const revision = waiting;
    waiting = null;
    if (document.getElementById("tts-body")) window.dash_clientside.set_props("tts-revision", { data: revision });
  });

  let known = null;
  new MutationObserver(() => {
    const body = document.getElementById("tts-body");
    const first = body && one(".tts-row", body);
    if (first && first !== known) arrived();
    known = first;
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
