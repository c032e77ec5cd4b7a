"""Query and grid say the same: filter models, sort models, visible columns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.columns import Column
from explorer.components import table
from explorer.querying.query import Filter, Query, Sort, Test

COLUMNS = (
    Column(name="reference", label="Reference", kind="text", help="The reference.", field="text"),
    Column(name="duration", label="Duration", kind="number", style="seconds", unit="s", help="Length."),
    Column(name="wer_a", label="WER a", kind="number", style="percent", unit="%", help="Word error rate.",
           origin="score", better="lower", system="a"),
    Column(name="noisy", label="noisy", kind="flag", help="A field."),
    Column(name='odd "name".x[0]', label="odd", kind="text", help="A field."),
    Column(name="words", label="nested", kind="json", help="A field.", hidden=True),
)  # fmt: skip

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-6)
NOTHING = st.sampled_from(["empty", "filled"]).map(lambda operator: Test(operator, None))
TESTS = {
    "text": st.builds(Test, st.sampled_from(["eq", "ne", "contains", "excludes", "starts", "ends", "matches"]), TEXTS),
    "number": st.builds(Test, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), NUMBERS),
    "flag": st.builds(Test, st.just("eq"), st.booleans()),
}
TESTS["json"] = TESTS["text"]


def filters_of(column: Column) -> st.SearchStrategy[tuple[Filter, ...]]:
    test = TESTS[column.kind] | NOTHING
    either = st.lists(test, min_size=1, max_size=3).map(lambda tests: (Filter(column.name, tuple(tests)),))
    both = st.lists(test, min_size=2, max_size=3).map(lambda tests: tuple(Filter(column.name, (t,)) for t in tests))
    mixed = st.tuples(either, both).map(lambda pair: pair[0] + pair[1])
    return either | both | mixed | st.just(())


QUERIES = st.tuples(*(filters_of(column) for column in COLUMNS)).map(lambda groups: Query(filters=sum(groups, ())))


@given(QUERIES)
def test_an_untouched_filter_row_changes_nothing(query: Query) -> None:
    shown = table.project(query, COLUMNS)
    again = table.edited(query, shown.model, COLUMNS)
    assert sorted(map(repr, (*shown.kept, *again))) == sorted(map(repr, query.filters))


@given(QUERIES)
def test_a_filter_row_typed_anew_means_the_same(query: Query) -> None:
    """Without memory of the query the model alone gives it back; percent to twelve digits."""
    shown = table.project(query, COLUMNS)
    expected = [item for item in query.filters if item not in shown.kept]
    fresh = table.edited(Query(), shown.model, COLUMNS)
    assert len(fresh) == len(expected)
    for new, old in zip(fresh, expected, strict=True):
        assert (new.column, [t.operator for t in new.tests]) == (old.column, [t.operator for t in old.tests])
        for a, b in zip(new.tests, old.tests, strict=True):
            assert a.value == (pytest.approx(b.value, rel=1e-9, abs=1e-11) if isinstance(b.value, float) else b.value)


def test_people_type_percent_and_the_query_holds_fractions() -> None:
    model = {"wer_a": {"filterType": "number", "type": "greaterThan", "filter": 20}}
    assert table.edited(Query(), model, COLUMNS) == (Filter("wer_a", (Test("gt", 0.2),)),)
    shown = table.project(Query(filters=(Filter("wer_a", (Test("lt", 0.07),)),)), COLUMNS)
    assert shown.model == {"wer_a": {"filterType": "number", "type": "lessThan", "filter": 7.0}}


def test_a_bin_is_two_conditions_that_must_both_hold() -> None:
    query = Query(filters=(Filter("duration", (Test("ge", 2.0),)), Filter("duration", (Test("lt", 3.0),))))
    model = table.project(query, COLUMNS).model
    assert model["duration"]["operator"] == "AND"
    assert [c["type"] for c in model["duration"]["conditions"]] == ["greaterThanOrEqual", "lessThan"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"type": "inRange", "filter": 1, "filterTo": 2}, [("ge", 1.0), ("le", 2.0)]),
        ({"type": "inRange", "filter": 1, "filterTo": None}, [("ge", 1.0)]),
        ({"type": "equals", "filter": None}, []),
        ({"type": "blank"}, [("empty", None)]),
    ],
)
def test_ranges_and_half_typed_numbers(model: dict[str, Any], expected: list[tuple[str, float | None]]) -> None:
    filters = table.edited(Query(), {"duration": {"filterType": "number", **model}}, COLUMNS)
    assert [(t.operator, t.value) for f in filters for t in f.tests] == expected


def test_what_the_row_cannot_say_is_kept() -> None:
    odd = (Filter("reference", (Test("gt", "m"),)), Filter("gone", (Test("eq", "x"),)))
    shown = table.project(Query(filters=(*odd, Filter("noisy", (Test("eq", True),)))), COLUMNS)
    assert shown.kept == odd
    assert shown.model == {"noisy": {"filterType": "text", "type": "isTrue"}}
    assert table.edited(Query(), {"gone": {"type": "equals", "filter": "x"}}, COLUMNS) == ()


def test_sorts_keep_their_order() -> None:
    model = [{"colId": "duration", "sort": "desc"}, {"colId": "reference", "sort": "asc"}]
    assert table.sorts(model) == (Sort("duration", True), Sort("reference", False))


@given(st.lists(st.sampled_from([c.name for c in COLUMNS]), unique=True, min_size=1))
def test_visible_columns_are_read_back(names: list[str]) -> None:
    assert table.visible_columns(table.written_columns(names), COLUMNS, Query()) == tuple(names)


def test_unknown_visible_columns_are_left_out_and_none_means_the_default() -> None:
    assert table.visible_columns("duration,gone,duration", COLUMNS, Query()) == ("duration",)
    assert table.visible_columns("gone", COLUMNS, Query()) == table.default_columns(COLUMNS)
    assert table.default_columns(COLUMNS) == ("reference", "duration", "wer_a", "noisy", 'odd "name".x[0]')


def test_what_a_link_filters_and_sorts_by_is_shown() -> None:
    query = Query(filters=(Filter("words", (Test("filled"),)),), sort=(Sort("duration"),))
    assert table.visible_columns(None, COLUMNS, query)[:3] == ("reference", "words", "duration")
    assert table.visible_columns("noisy", COLUMNS, query) == ("noisy",)


def test_definitions_start_with_the_visible_columns_and_never_leak_a_name_into_script() -> None:
    query = Query(sort=(Sort("wer_a", descending=True), Sort("duration")))
    made = table.definitions(COLUMNS, ('odd "name".x[0]', "wer_a"), query)
    assert [d["colId"] for d in made[:2]] == ['odd "name".x[0]', "wer_a"]
    assert '"name"' not in made[0]["valueGetter"]["function"]
    assert [d["initialHide"] for d in made] == [False, False, True, True, True, True]
    assert (made[1]["initialSort"], made[1]["initialSortIndex"]) == ("desc", 0)
    assert "Lower is better." in made[1]["headerTooltip"]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.kind)
def test_every_kind_of_column_has_a_filter_and_explains_itself(column: Column) -> None:
    definition = table.definitions((column,), (column.name,), Query())[0]
    assert definition["filter"] in ("agTextColumnFilter", "agNumberColumnFilter")
    assert column.help.rstrip(".") in definition["headerTooltip"]
