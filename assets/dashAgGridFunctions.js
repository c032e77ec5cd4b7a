/* Number formats and cell values of the grids: the browser's half of explorer/formatting.py (same digits, same dash). */
var dagfuncs = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});

(function () {
  "use strict";
  const EMPTY = "\u2013";
  const unknown = (value) => value === null || value === undefined || value === "" || Number.isNaN(value);
  const grouped = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

  /* Too small or too large for the digits: scientific, as in formatting.decimal. */
  const decimal = (value, digits) => {
    const size = Math.abs(value);
    if (size && (size < 0.5 * 10 ** -digits || size >= 1e15)) {
      return value.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
    }
    return grouped(value, digits);
  };

  /* Units stand in the header, so a cell has the number alone. */
  const cell = (format) => (value, digits) => (unknown(value) ? EMPTY : format(Number(value), digits));

  dagfuncs.earmarkInteger = cell((value) => grouped(value, Number.isInteger(value) ? 0 : 2));
  dagfuncs.earmarkDecimal = cell(decimal);
  dagfuncs.earmarkPercent = cell((fraction, digits) => grouped(100 * fraction, digits));

  dagfuncs.earmarkOther = (value) => {
    if (unknown(value)) return EMPTY;
    if (typeof value === "boolean") return value ? "yes" : "no";
    return typeof value === "string" ? value : JSON.stringify(value);
  };

  /* Names may hold dots and brackets, which the grid would read as a path. */
  dagfuncs.earmarkCell = (params, name) => (params.data ? params.data[name] : undefined);

  /* Custom filter options need a predicate; the server is who filters. */
  dagfuncs.earmarkNever = () => true;
})();
