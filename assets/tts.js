/* The TTS page: a click (or the digit) of a system goes on with that system in the current sentence, at the same
   position. The current sentence is the one that was last listened to, else the first one on the screen.

   Markup (evaluator/pages/tts.py): buttons with data-tts-system="N"; .tts-row with a player in [data-tts-cell="N"]. */
"use strict";

(() => {
  const onScreen = (row) => {
    const box = row.getBoundingClientRect();
    return box.bottom > 0 && box.top < window.innerHeight;
  };

  function currentRow() {
    const marked = document.querySelector(".tts-row.is-current");
    if (marked) return marked;
    const rows = [...document.querySelectorAll(".tts-row")];
    return rows.find(onScreen) || rows[0] || null;
  }

  function mark(row) {
    for (const other of document.querySelectorAll(".tts-row.is-current")) other.classList.remove("is-current");
    if (row) row.classList.add("is-current");
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-tts-system]");
    if (!button || !window.earmark?.player) return;
    const row = currentRow();
    const next = row?.querySelector(`[data-tts-cell="${CSS.escape(button.dataset.ttsSystem)}"] .player`);
    mark(row);
    if (next) window.earmark.player.switchTo(next);
  });

  document.addEventListener("pointerdown", (event) => {
    const row = event.target.closest(".tts-row");
    if (row) mark(row);
  }, { capture: true, passive: true });
})();
