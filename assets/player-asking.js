/* Whose turn it is to ask the server: the sound that somebody is about to hear, then pictures from the top of the screen
   down, a few at a time.

   A browser has six connections to a server, and a page of voices wants hundreds of answers. Pictures take four of the
   six, and none anew while a sound is on its way; so the sound never stands in a line behind them. */
"use strict";

(() => {
  const AT_ONCE = 4;
  const HELD_MS = 800; // a long sound on a slow line does not keep the pictures away
  const waiting = new Set();
  let going = 0;
  let sounds = 0;

  const onScreen = (root) => {
    const box = root.getBoundingClientRect();
    return box.bottom > 0 && box.top < window.innerHeight;
  };
  const before = (a, b) => {
    const [first, second] = [onScreen(a.root), onScreen(b.root)];
    if (first !== second) return first;
    return Boolean(a.root.compareDocumentPosition(b.root) & Node.DOCUMENT_POSITION_FOLLOWING);
  };

  function go() {
    while (going < AT_ONCE && !sounds && waiting.size) {
      let next = null;
      for (const one of waiting) if (!next || before(one, next)) next = one;
      waiting.delete(next);
      going += 1;
      next.begin();
    }
  }

  /* The answer for a picture of the player in `root`, when it is its turn. */
  async function picture(root, address, signal) {
    await new Promise((begin, fail) => {
      const one = { root, begin };
      waiting.add(one);
      if (signal) {
        signal.addEventListener("abort", () => {
          if (waiting.delete(one)) fail(new DOMException("Not wanted any more", "AbortError"));
        }, { once: true });
      }
      go();
    });
    try {
      return await fetch(address, { signal, priority: "low" });
    } finally {
      going -= 1;
      go();
    }
  }

  /* What `ask` promises; pictures wait for it. */
  async function sound(ask) {
    sounds += 1;
    let held = true;
    const free = () => {
      if (!held) return;
      held = false;
      sounds -= 1;
      go();
    };
    const timer = setTimeout(free, HELD_MS);
    try {
      return await ask();
    } finally {
      clearTimeout(timer);
      free();
    }
  }

  window.earmark.parts.asking = { picture, sound };
})();
