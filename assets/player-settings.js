/* How this person looks at sound: scale, window, dynamic range, colours and hidden lanes, remembered by the browser.

   Colour maps are sequences whose lightness rises evenly, so that equal steps of level look equal, in grey and to
   colour-blind eyes too: magma and viridis of S. van der Walt, N. Smith (https://bids.github.io/colormap/, CC0), sampled
   at ten points, and grey; "paper" is grey turned round, dark on white, as in print. */
"use strict";

(() => {
  const KEY = "earmark.player";
  const MAPS = {
    magma: ["#000004", "#180f3d", "#440f76", "#721f81", "#9e2f7f", "#cd4071", "#f1605d", "#fd9668", "#feca8d", "#fcfdbf"],
    viridis: ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"],
    grey: ["#000000", "#ffffff"],
    paper: ["#ffffff", "#000000"],
  };
  const CHOICES = {
    scale: [["linear", "Linear"], ["mel", "Mel"], ["log", "Logarithmic"]],
    window: [4, 8, 16, 32, 64, 128].map((ms) => [ms, `${ms} ms`]),
    map: [["magma", "Magma"], ["viridis", "Viridis"], ["grey", "Grey"], ["paper", "Paper (inverted grey)"]],
  };
  const DEFAULTS = { scale: "linear", window: 32, range: 70, map: "magma", hidden: [] };
  const listeners = new Set();

  const valid = {
    scale: (value) => CHOICES.scale.some(([known]) => known === value),
    window: (value) => CHOICES.window.some(([known]) => known === value),
    map: (value) => value in MAPS,
    range: (value) => Number.isFinite(value) && value >= 30 && value <= 110,
    hidden: (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
  };

  function read() {
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem(KEY)) || {};
    } catch {
      kept = {}; // no storage, or something else wrote there: the defaults
    }
    const sound = Object.entries(kept).filter(([name, value]) => name in valid && valid[name](value));
    return { ...DEFAULTS, ...Object.fromEntries(sound) };
  }

  const values = read();

  function set(name, value) {
    if (!valid[name](value)) return;
    values[name] = value;
    try {
      localStorage.setItem(KEY, JSON.stringify(values));
    } catch {
      // A browser that keeps nothing: the choice holds until the page is left.
    }
    for (const listener of listeners) listener(name);
  }

  /* 256 colours [r, g, b] of a map, straight lines between its points. */
  function colours(map) {
    const points = MAPS[map].map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
    return Array.from({ length: 256 }, (_, i) => {
      const at = (i / 255) * (points.length - 1);
      const left = Math.min(Math.floor(at), points.length - 2);
      return points[left].map((value, c) => Math.round(value + (points[left + 1][c] - value) * (at - left)));
    });
  }

  const gradient = (map) => `linear-gradient(90deg, ${MAPS[map].join(", ")})`;

  window.earmark.parts.settings = {
    get: (name) => values[name],
    set,
    reset: () => { for (const name of Object.keys(DEFAULTS)) set(name, DEFAULTS[name]); },
    listen: (listener, signal) => {
      listeners.add(listener);
      signal.addEventListener("abort", () => listeners.delete(listener));
    },
    choices: CHOICES,
    colours,
    gradient,
  };
})();
