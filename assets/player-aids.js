/* What all parts of the player use: making elements, colours of the theme, the server's sentences, the address. */
"use strict";

window.earmark = window.earmark || {};
window.earmark.parts = window.earmark.parts || {};

(() => {
  const SPOT = ["t", "from", "to"];

  const make = (parent, name, className, attributes = {}) => {
    const element = parent.appendChild(document.createElement(name));
    if (className) element.className = className;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const icon = (parent, name) => make(parent, "i", `bi bi-${name}`, { "aria-hidden": "true" });
  const button = (parent, className, name, label, title) => {
    const made = make(parent, "button", className, { type: "button", "aria-label": label, title });
    icon(made, name);
    return made;
  };
  const prefix = () => {
    const config = document.getElementById("_dash-config");
    return config ? (JSON.parse(config.textContent).requests_pathname_prefix || "/").replace(/\/$/, "") : "";
  };
  const colour = (element, ...names) => {
    const style = getComputedStyle(element);
    for (const name of names) {
      const found = style.getPropertyValue(name).trim();
      if (found) return found;
    }
    return style.color;
  };

  /* The server's sentence for a failed answer. */
  async function sentence(answer) {
    try {
      return (await answer.json()).error || `The server answered ${answer.status}.`;
    } catch {
      return `The server could not prepare this sound (status ${answer.status}); its log says why.`;
    }
  }

  /* The numbers of t=, from= and to= when the address is about this utterance; undefined where there is none. */
  function spot(utterance) {
    const query = new URLSearchParams(window.location.search);
    if (!utterance || query.get("u") !== utterance) return {};
    const read = (name) => {
      const text = query.get(name);
      const value = text === null || text === "" ? NaN : Number(text);
      return Number.isFinite(value) && value >= 0 ? value : undefined;
    };
    return Object.fromEntries(SPOT.map((name) => [name, read(name)]));
  }

  /* Note in the address what is shown, without a step in the browser's history; undefined takes a parameter away. */
  function note(utterance, values) {
    const address = new URL(window.location.href);
    if (!utterance || address.searchParams.get("u") !== utterance) return;
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) address.searchParams.delete(name);
      else address.searchParams.set(name, String(Number(value.toFixed(4))));
    }
    if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
  }

  /* The address of this page with another utterance. */
  function withUtterance(utterance) {
    const address = new URL(window.location.href);
    for (const name of SPOT) address.searchParams.delete(name);
    address.searchParams.set("u", utterance);
    return address;
  }

  /* Go there as Dash's links do, without loading the page again. */
  function visit(address) {
    window.history.pushState({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  Object.assign(window.earmark.parts, { make, icon, button, prefix, colour, sentence, spot, note, withUtterance, visit });
})();
