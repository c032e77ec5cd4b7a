/* Number formats and cell values of the grids: the browser's half of explorer/formatting.py (same digits, same dash). */
var dagfuncs = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});

(function () {
  "use strict";
  const EMPTY = "\u2013";
  const unknown = (value) => value === null || value === undefined || value === "" || Number.isNaN(value);

  /* The decimal nearest to the binary number, ties to even, as Python prints it; toLocaleString would first round to
     seventeen digits and then again. */
  const fixed = (value, digits) => {
    const [whole, fraction] = value.toFixed(60).split(".");
    const tie = /^50*$/.test(fraction.slice(digits));
    const kept = digits ? `${whole}.${fraction.slice(0, digits)}` : whole;
    return tie && Number(kept[kept.length - 1]) % 2 === 0 ? kept : value.toFixed(digits);
  };
  const grouped = (value, digits) => fixed(value, digits).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");

  /* Too small or too large for the digits: scientific, as in formatting.decimal. */
  const decimal = (value, digits) => {
    const size = Math.abs(value);
    if (size && (size < 0.5 * 10 ** -digits || size >= 1e15)) {
      return value.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
    }
    return grouped(value, digits);
  };

  /* Units stand in the header, so a cell has the number alone. */
  const blank = (value) => (value === undefined ? "" : EMPTY); // not loaded yet, or known to be nothing
  const cell = (format) => (value, digits) => (unknown(value) ? blank(value) : format(Number(value), digits));

  dagfuncs.earmarkInteger = cell((value) => grouped(value, Number.isInteger(value) ? 0 : 2));
  dagfuncs.earmarkDecimal = cell(decimal);
  dagfuncs.earmarkPercent = cell((fraction, digits) => grouped(100 * fraction, digits));

  dagfuncs.earmarkOther = (value) => {
    if (unknown(value)) return blank(value);
    if (typeof value === "boolean") return value ? "yes" : "no";
    return typeof value === "string" ? value : JSON.stringify(value);
  };

  /* Names may hold dots and brackets, which the grid would read as a path. */
  dagfuncs.earmarkCell = (params, name) => (params.data ? params.data[name] : undefined);

  /* Custom filter options need a predicate; the server is who filters. */
  dagfuncs.earmarkNever = () => true;
})();
