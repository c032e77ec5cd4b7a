/* The file field of the page of predictions gets a name: the component that draws it gives it none. The button over it
   is what people press; the field itself is invisible, but a screen reader finds it. */
(function () {
  "use strict";

  new MutationObserver(() => {
    const field = document.querySelector("#predictions-file input[type=file]:not([aria-label])");
    if (field) field.setAttribute("aria-label", "File of predictions");
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
