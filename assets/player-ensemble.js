/* All players of the page: one plays at a time, all have the same speed, and each comes and goes with its element.
   Decks come many on a page: the players of one are made when one of them comes near the screen, or is asked for. */
"use strict";

(() => {
  const { parts } = window.earmark;
  const SPEEDS = [0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5];
  const players = new Map();
  const ensemble = parts.ensemble = { SPEEDS, players, active: null, speed: 1 };

  function setSpeed(value) {
    ensemble.speed = value;
    for (const one of players.values()) {
      one.audio.defaultPlaybackRate = one.audio.playbackRate = value;
      one.select.value = String(value);
    }
  }

  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) make(target);
  }, { rootMargin: "300px" });

  function add(root) {
    if (root.dataset.deck && !players.has(root)) near.observe(root);
    else make(root);
  }

  /* The player of an element, and those of its deck: they play together. */
  function make(root) {
    const { deck } = root.dataset;
    for (const one of deck ? document.querySelectorAll(`.player[data-deck="${CSS.escape(deck)}"]`) : [root]) {
      near.unobserve(one);
      if (!players.has(one) && one.dataset.src) players.set(one, new parts.Player(one));
    }
    return players.get(root);
  }

  function remove(root) {
    near.unobserve(root);
    const known = players.get(root);
    if (!known) return;
    known.destroy();
    players.delete(root);
  }

  function replace(root) {
    remove(root);
    add(root);
  }

  function follow(records) {
    const changed = new Map();
    for (const record of records) {
      if (record.type === "attributes" && record.target.classList.contains("player")) {
        changed.set(record.target, (changed.get(record.target) || new Set()).add(record.attributeName));
      }
      for (const node of record.addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        if (node.classList.contains("player")) add(node);
        else for (const inner of node.getElementsByClassName("player")) add(inner);
      }
    }
    for (const root of [...players.keys()]) if (!root.isConnected) remove(root);
    for (const [root, names] of changed) {
      const known = players.get(root);
      if (!known || known.source !== root.dataset.src || names.has("data-pictures")) replace(root);
      else {
        if (names.has("data-lanes")) known.tracks.set(root.dataset.lanes);
        if (names.has("data-recording")) known.drawRecording();
        known.later();
      }
    }
  }

  const find = (element) => {
    const found = typeof element === "string" ? document.querySelector(element) : element;
    const root = found && (found.closest(".player") || found.querySelector(".player"));
    return root ? players.get(root) || make(root) : undefined;
  };
  const onScreen = (player) => player.root.getClientRects().length > 0;
  const current = () => {
    const { active } = ensemble;
    if (active && active.root.isConnected && onScreen(active)) return active;
    return [...players.values()].find((player) => player.duration && onScreen(player)) || null;
  };

  async function switchTo(element) {
    const next = find(element);
    if (!next) return;
    const group = next.root.dataset.group;
    const before = [...players.values()].filter((p) => p !== next && group && p.root.dataset.group === group);
    const from = before.find((p) => !p.audio.paused) || before.find((p) => p === ensemble.active);
    if (!from && !next.audio.paused && !next.audio.deck) return;
    if (next.audio.deck && (!from || from.audio.deck === next.audio.deck)) {
      await next.loaded();
      ensemble.active = next;
      await next.play(); // the position is the deck's
      return;
    }
    const time = from ? from.time : next.time;
    const loop = from ? from.loop : next.loop;
    await next.loaded();
    if (from) from.pause();
    ensemble.active = next;
    next.setLoop(loop && loop[0] < next.duration ? [loop[0], Math.min(loop[1], next.duration)] : null);
    // Past the end of a shorter sound there is nothing to hear: start it again.
    next.seek(time < next.duration - 0.05 ? time : 0);
    await next.play();
  }

  /* A loop in one player of a deck is one in all: the part of it that each sound has. */
  function shareLoop(player) {
    for (const other of players.values()) {
      if (other === player || other.audio.deck !== player.audio.deck) continue;
      const { loop } = player;
      other.loop = loop && loop[0] < other.duration ? [loop[0], Math.min(loop[1], other.duration)] : null;
      if (other.loop) other.stopAt = null;
      other.drawLoop();
    }
  }

  Object.assign(ensemble, { shareLoop, setSpeed, add, replace, follow, find, current, switchTo });
})();
