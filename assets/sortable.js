/* Tables with the class "sortable": a click on a heading's button orders the rows by that column, again reverses it.
   A cell is compared by its data-value (a number; empty ones come last) or else by its text. */

document.addEventListener("click", function (event) {
  var button = event.target.closest("table.sortable th button");
  if (!button) return;
  var heading = button.closest("th");
  var body = heading.closest("table").tBodies[0];
  var place = heading.cellIndex;
  var descending = heading.getAttribute("aria-sort") === "ascending";
  for (var other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");

  function value(row) {
    var cell = row.cells[place];
    if (!cell.hasAttribute("data-value")) return cell.textContent;
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }

  function compare(one, another) {
    var a = value(one), b = value(another);
    if (a === null || b === null) return (a === null) - (b === null);
    var order = typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
    return descending ? -order : order;
  }

  Array.from(body.rows).sort(compare).forEach(function (row) { body.appendChild(row); });
});
