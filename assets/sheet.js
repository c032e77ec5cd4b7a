/* On a narrow screen the utterance is a sheet over the table: "back" takes the sheet away, not the page.

   Opening it is a step in the browser's history of its own; closing it otherwise takes the step back. The listener
   stands before Dash's, which would fetch the page again. */
(function () {
  "use strict";

  window.earmark = window.earmark || {};
  const NARROW = "(max-width: 760px)";
  const PLACE = ["u", "t", "from", "to"];
  let open = false; // with a step of its own in the history
  let returning = false;

  const step = () => Boolean(window.history.state && window.history.state.sheet);
  const bare = () => window.earmark.address.rewrite(PLACE, []);

  /* The utterance was opened or closed. */
  function follow(shown) {
    if (shown && !open && (step() || window.matchMedia(NARROW).matches)) {
      open = true;
      if (!step()) window.history.pushState({ sheet: true }, "", window.location.href);
    } else if (!shown && open) {
      open = false;
      if (step()) {
        returning = true;
        window.history.back();
      }
    }
  }

  window.addEventListener(
    "popstate",
    (event) => {
      const closing = open && !step() && document.querySelector(".workbench.inspecting");
      if (!returning && !closing) {
        open = false;
        return;
      }
      event.stopImmediatePropagation();
      if (!returning) {
        open = false;
        window.dash_clientside.set_props("utterances-current", { data: null });
      }
      returning = false;
      bare();
    },
    true,
  );

  window.earmark.sheet = { follow };
})();
