/* Cells of the grids, as React elements: never HTML from text. */
var dagcomponentfuncs = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

(function () {
  "use strict";
  const make = (...parts) => window.React.createElement(...parts);

  /* A rate with a bar of at most the track's width: long is bad when lower is better. */
  dagcomponentfuncs.MiniBar = function (props) {
    if (!props.data) return make("span", { className: "cell-none" }, "");
    if (props.value === null || props.value === undefined) {
      return make("span", { className: "minibar" }, make("span", { className: "minibar-value none", title: "undefined" }, "–"));
    }
    const share = Math.max(0, Math.min(1, props.value));
    const over = props.value > 1;
    const kind = over ? "over" : props.better === "higher" ? "good" : props.value >= 0.5 ? "high" : "";
    return make(
      "span",
      { className: "minibar", title: over ? "More than 100 %: the striped bar ends there" : undefined },
      make("span", { className: "minibar-track", "aria-hidden": true },
        make("span", { className: `minibar-fill ${kind}`, style: { width: `${100 * share}%`, display: "block" } })),
      make("span", { className: "minibar-value" }, props.valueFormatted === undefined || props.valueFormatted === null ? String(props.value) : props.valueFormatted)
    );
  };

  /* Known silence and unknown text are different things. */
  dagcomponentfuncs.PlainText = function (props) {
    if (!props.data) return make("span", null, "");
    if (props.value === null || props.value === undefined) return make("span", { className: "cell-none", title: "unknown" }, "–");
    if (props.value === "") return make("span", { className: "cell-none" }, "(empty)");
    return make("span", null, String(props.value));
  };
})();
