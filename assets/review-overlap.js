/* What is said over an utterance that two people decide about, each for themselves: what is hidden, or where they differ. */
"use strict";

(() => {
  const review = window.earmark.review = window.earmark.review || {};
  const part = (name) => document.getElementById(`review-${name}`);
  const DECIDED = { accept: "accepts", reject: "rejects it" };

  const make = (parent, name, className, text) => {
    const made = parent.appendChild(document.createElement(name));
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  /* What was decided before it became theirs. */
  function standing({ before }) {
    return before ? ` What ${before} said before stands until both have decided otherwise.` : "";
  }

  function sentence({ people, state, blind, apart, before }, me) {
    const names = people.join(" and ");
    const other = people.find((name) => name !== me);
    if (state === "disputed") return `${names} do not agree. ${before ? `What ${before} said before stands` : "Nothing of it applies"} before somebody decides again.`;
    if (blind && apart) return `You and ${other} decide about this one each for yourselves: what ${other} says is shown when you have decided.`;
    if (blind) return `${names} decide about this one each for themselves: what they say is shown when both have decided.`;
    if (apart) return `You have decided; ${other} decides about this one, too, and has not yet.`;
    return `${names} decide about this one each for themselves, and have not both yet.`;
  }

  /* `take(opinion)` is called with the opinion that somebody takes in a dispute. */
  function draw(sheet, me, writable, take) {
    const box = part("overlap");
    const { overlap } = sheet;
    box.hidden = !overlap || overlap.state === "agreed" || overlap.state === "settled";
    if (box.hidden) return;
    const disputed = overlap.state === "disputed";
    const told = JSON.stringify([sheet.id, overlap, me, writable]);
    if (box.dataset.told === told) return; // nobody's focus is taken away
    box.dataset.told = told;
    box.className = `banner ${disputed ? "warn" : ""}`;
    box.replaceChildren();
    make(box, "i", `bi bi-${disputed ? "exclamation-triangle" : "people"}`);
    const words = make(box, "div", "grow");
    make(words, disputed ? "b" : "span", "", sentence(overlap, me) + (disputed ? "" : standing(overlap)));
    const opinions = overlap.opinions.filter(({ decision }) => decision);
    if (opinions.length && (disputed || !overlap.apart)) {
      const list = make(words, "dl", "review-versions");
      for (const { who, decision, reason, text } of opinions) {
        make(list, "dt", "", `${who} ${DECIDED[decision]}`);
        const said = decision === "accept" ? text ?? "no text" : reason || "no reason given";
        make(list, "dd", "", said).dir = "auto";
      }
    }
    if (!disputed || !writable) return;
    for (const opinion of opinions) {
      const button = make(box, "button", "btn btn-secondary", `Take ${opinion.who}'s`);
      button.type = "button";
      button.addEventListener("click", () => take(opinion));
    }
  }

  review.overlap = { draw };
})();
