"""The grammar between a Query and AG Grid: column definitions, filter models, sort models and visible columns.

The Query is the truth and lives in the URL; the grid's filter row is one way to edit it. What the filter row cannot
say (an "or" inside an "and", a text compared by order) is *kept*: it stays in force and is shown as a chip. Percent
columns hold fractions, and people type percent: values are converted here and only here. Pure functions, no callbacks.
Sources: https://www.ag-grid.com/javascript-data-grid/filter-text/ and .../filter-number/ for the filter models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from explorer.columns import Column
from explorer.formatting import grid_format
from explorer.querying.filtering import where_columns
from explorer.querying.query import Filter, Query, Sort, Test

MAX_CONDITIONS = 8
"""Conditions that one filter of the grid can hold."""

_ANY = {"blank": "empty", "notBlank": "filled"}
_TEXT = {
    "contains": "contains",
    "notContains": "excludes",
    "equals": "eq",
    "notEqual": "ne",
    "startsWith": "starts",
    "endsWith": "ends",
    "matches": "matches",
    **_ANY,
}
_NUMBER = {
    "equals": "eq",
    "notEqual": "ne",
    "lessThan": "lt",
    "lessThanOrEqual": "le",
    "greaterThan": "gt",
    "greaterThanOrEqual": "ge",
    **_ANY,
}
_FLAG = {"isTrue": ("eq", True), "isFalse": ("eq", False), "blank": ("empty", None), "notBlank": ("filled", None)}
_WITHOUT_VALUE = frozenset(_ANY.values())

_SHOWN_SYSTEMS = 6
_SHOWN_TEXTS = 2
_SHOWN_COLUMNS = 16


@dataclass(frozen=True, slots=True)
class Projection:
    """A query as the grid can show it: ``model`` is its filter model, ``kept`` are the filters beyond it."""

    model: Mapping[str, Any]
    kept: tuple[Filter, ...]


def project(query: Query, columns: Sequence[Column]) -> Projection:
    """What the grid's filter row shows of ``query``, and the filters it cannot show."""
    known = {column.name: column for column in columns}
    model: dict[str, Any] = {}
    kept: list[Filter] = []
    for name, filters in _by_column(query.filters).items():
        entry = _entry(filters, known.get(name))
        if entry is None:
            kept.extend(filters)
        else:
            model[name] = entry
    return Projection(model, tuple(kept))


def edited(query: Query, model: Mapping[str, Any], columns: Sequence[Column]) -> tuple[Filter, ...]:
    """The filters that the grid's filter row means by ``model``, when it showed those of ``query`` before.

    What the row cannot show (``Projection.kept``) is the caller's to keep. A column whose entry did not change keeps
    its filters exactly, so that a value typed as percent, or a bin's edge with sixteen digits, survives any number of
    round trips.
    """
    known = {column.name: column for column in columns}
    before = project(query, columns)
    filters: list[Filter] = []
    grouped = _by_column(query.filters)
    for name, entry in model.items():
        if name not in known:
            continue
        if entry == before.model.get(name):
            filters.extend(grouped[name])
        else:
            filters.extend(_filters(entry, known[name]))
    return tuple(filters)


def sorts(model: Iterable[Mapping[str, Any]]) -> tuple[Sort, ...]:
    """The grid's sort model, most important column first, as a Query's sorts."""
    return tuple(Sort(item["colId"], descending=item["sort"] == "desc") for item in model)


def _by_column(filters: Iterable[Filter]) -> dict[str, list[Filter]]:
    grouped: dict[str, list[Filter]] = {}
    for item in filters:
        grouped.setdefault(item.column, []).append(item)
    return grouped


def _entry(filters: Sequence[Filter], column: Column | None) -> dict[str, Any] | None:
    """The filter model of one column, or None when the grid has no words for these filters."""
    if column is None:
        return None
    if len(filters) == 1:
        conditions, operator = [_condition(test, column) for test in filters[0].tests], "OR"
    elif all(len(item.tests) == 1 for item in filters):
        conditions, operator = [_condition(item.tests[0], column) for item in filters], "AND"
    else:
        return None
    if not conditions or len(conditions) > MAX_CONDITIONS or None in conditions:
        return None
    if len(conditions) == 1:
        return conditions[0]
    return {"filterType": _filter_type(column), "operator": operator, "conditions": conditions}


def _filter_type(column: Column) -> str:
    return "number" if column.kind == "number" else "text"


def _condition(test: Test, column: Column) -> dict[str, Any] | None:
    kind = _filter_type(column)
    if column.kind == "flag":
        for name, (operator, value) in _FLAG.items():
            if test.operator == operator and (value is None or test.value is value):
                return {"filterType": kind, "type": name}
        return None
    table = _NUMBER if column.kind == "number" else _TEXT
    names = [name for name, operator in table.items() if operator == test.operator]
    if not names:
        return None
    condition: dict[str, Any] = {"filterType": kind, "type": names[0]}
    if test.operator in _WITHOUT_VALUE:
        return condition
    if column.kind == "number":
        if isinstance(test.value, bool) or not isinstance(test.value, int | float):
            return None
        condition["filter"] = round(test.value * 100, 10) if column.style == "percent" else test.value
    elif isinstance(test.value, str):
        condition["filter"] = test.value
    else:
        return None
    return condition


def _filters(entry: Mapping[str, Any], column: Column) -> list[Filter]:
    conditions = entry.get("conditions")
    if not conditions:
        return [Filter(column.name, (test,)) for test in _tests(entry, column)]
    groups = [_tests(condition, column) for condition in conditions]
    if entry.get("operator") == "OR" and all(len(group) == 1 for group in groups):
        return [Filter(column.name, tuple(group[0] for group in groups))]
    return [Filter(column.name, (test,)) for group in groups for test in group]


def _tests(condition: Mapping[str, Any], column: Column) -> tuple[Test, ...]:
    """The tests that must all hold for one condition of the grid: two for a range, none for a half-typed one."""
    name = condition["type"]
    if column.kind == "flag":
        operator, value = _FLAG[name]
        return (Test(operator, value),)
    if name == "inRange":
        low, high = condition.get("filter"), condition.get("filterTo")
        return tuple(
            Test(operator, _fraction(value, column))
            for operator, value in (("ge", low), ("le", high))
            if value is not None
        )
    operator = (_NUMBER if column.kind == "number" else _TEXT)[name]
    if operator in _WITHOUT_VALUE:
        return (Test(operator, None),)
    value = condition.get("filter")
    if value is None:
        return ()
    return (Test(operator, _fraction(value, column) if column.kind == "number" else str(value)),)


def _fraction(value: float, column: Column) -> float:
    return value / 100 if column.style == "percent" else value


def default_columns(columns: Sequence[Column]) -> tuple[str, ...]:
    """The columns that a first visit shows, in order: texts, length, error rates, then what else the manifest says.

    Few systems show everything; with many, the table starts narrow and the chooser has the rest.
    """
    shown = [column for column in columns if not column.hidden and column.kind != "json"]
    systems = list(dict.fromkeys(column.system for column in shown if column.system))
    rates = [
        column.name
        for column in shown
        if column.origin == "score" and column.style == "percent" and column.name.startswith("wer_")
    ]
    texts = [column.name for column in shown if column.name.startswith("hypothesis_")]
    first = ["reference", *(texts if len(systems) <= _SHOWN_TEXTS else ()), "duration", *rates[:_SHOWN_SYSTEMS]]
    later = {"audio", "offset", "source", "line", "id", "row"}
    rest = [
        column.name
        for column in shown
        if column.name not in later and column.origin in ("manifest", "derived") and not column.system
    ]
    names = {column.name for column in shown}
    ordered = [name for name in dict.fromkeys([*first, *rest]) if name in names]
    return tuple(ordered[:_SHOWN_COLUMNS])


def visible_columns(written: str | None, columns: Sequence[Column], query: Query) -> tuple[str, ...]:
    """The columns that ``cols=`` names and that exist, in its order.

    When it names none: the default ones, with what ``query`` filters and sorts by right after the first, so that a
    link to the worst rows shows how bad they are.
    """
    known = {column.name for column in columns}
    named = tuple(dict.fromkeys(unquote(name) for name in (written or "").split(",") if name))
    if chosen := tuple(name for name in named if name in known):
        return chosen
    default = default_columns(columns)
    boxed = where_columns(query.where, columns)
    named = (*(key.column for key in query.sort), *(item.column for item in query.filters), *boxed)
    used = [name for name in named if name in known and name not in default]
    return tuple(dict.fromkeys([*default[:1], *used, *default[1:]]))


def written_columns(names: Iterable[str]) -> str:
    """The value of ``cols=`` for these columns; ``visible_columns`` reads it back."""
    return ",".join(quote(name, safe="") for name in names)


def explanation(column: Column) -> str:
    """Help, unit and direction of a column in a sentence or two."""
    parts = [column.help.rstrip(".") + "."]
    if column.unit:
        parts.append(f"Unit: {column.unit}.")
    if column.better:
        parts.append(f"{column.better.capitalize()} is better.")
    if column.field and column.field != column.name:
        parts.append(f'Manifest field "{column.field}".')
    return " ".join(parts)


def definitions(columns: Sequence[Column], visible: Sequence[str], query: Query) -> list[dict[str, Any]]:
    """AG Grid column definitions, the visible ones first and in order; sort and visibility only as initial state."""
    place = {name: position for position, name in enumerate(visible)}
    ordered = sorted(columns, key=lambda column: place.get(column.name, len(place)))
    order = {sort.column: (position, sort) for position, sort in enumerate(query.sort)}
    return [_definition(column, column.name not in place, order.get(column.name)) for column in ordered]


def _definition(column: Column, hidden: bool, order: tuple[int, Sort] | None) -> dict[str, Any]:
    percent = column.style == "percent"
    label = f"{column.label}, {column.unit}" if column.unit else column.label
    definition: dict[str, Any] = {
        "colId": column.name,
        "headerName": label,
        "headerTooltip": f"{label}: {explanation(column)}",
        # A getter, because AG Grid reads dots and brackets in a field's name as a path.
        "valueGetter": {"function": f"earmarkCell(params, {_script_text(column.name)})"},
        "initialHide": hidden,
        **_width(column),
        **_filter(column),
    }
    if column.kind == "number":
        formatter, digits = grid_format(column)
        definition["valueFormatter"] = {"function": f"{formatter}(params.value, {digits})"}
        definition["cellClass"] = "cell-number"
        if percent and column.better:
            definition["cellRenderer"] = "MiniBar"
            definition["cellRendererParams"] = {"better": column.better}
    elif column.kind == "text":
        definition["tooltipValueGetter"] = {"function": "params.value"}
        definition["cellRenderer"] = "PlainText"
    else:
        definition["valueFormatter"] = {"function": "earmarkOther(params.value)"}
    if order:
        definition["initialSort"] = "desc" if order[1].descending else "asc"
        definition["initialSortIndex"] = order[0]
    return definition


def _width(column: Column) -> dict[str, Any]:
    if column.name == "reference" or column.name.startswith("hypothesis_"):
        return {"initialWidth": 320, "minWidth": 140}
    if column.style == "percent":
        return {"initialWidth": 138, "minWidth": 96}
    return {"initialWidth": {"number": 122, "flag": 110}.get(column.kind, 136), "minWidth": 76}


def _filter(column: Column) -> dict[str, Any]:
    common = {
        "maxNumConditions": MAX_CONDITIONS,
        "buttons": ["reset"],
        "debounceMs": 350,
        "numAlwaysVisibleConditions": 1,
    }
    if column.kind == "number":
        options = [
            "greaterThanOrEqual",
            "lessThan",
            "inRange",
            "equals",
            "notEqual",
            "greaterThan",
            "lessThanOrEqual",
            "blank",
            "notBlank",
        ]
        params = {**common, "filterOptions": options, "inRangeInclusive": True}
        return {"filter": "agNumberColumnFilter", "filterParams": params}
    if column.kind == "flag":
        flags = ["empty", _choice("isTrue", "yes", inputs=0), _choice("isFalse", "no", inputs=0), "blank", "notBlank"]
        return {"filter": "agTextColumnFilter", "filterParams": {**common, "filterOptions": flags}}
    words = ["contains", "notContains", "equals", "notEqual", "startsWith", "endsWith"]
    pattern = _choice("matches", "Matches regular expression", inputs=1)
    choices = [*words, pattern, "blank", "notBlank"]
    return {"filter": "agTextColumnFilter", "filterParams": {**common, "filterOptions": choices}}


def _choice(key: str, label: str, *, inputs: int) -> dict[str, Any]:
    # The predicate is asked for and never used: the server filters.
    return {
        "displayKey": key,
        "displayName": label,
        "numberOfInputs": inputs,
        "predicate": {"function": "earmarkNever"},
    }


def _script_text(name: str) -> str:
    """A JavaScript string literal of ``name``, whatever it contains: letters and digits, the rest as \\uXXXX."""
    units = name.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return '"' + "".join(chr(c) if chr(c).isascii() and chr(c).isalnum() else f"\\u{c:04x}" for c in codes) + '"'
