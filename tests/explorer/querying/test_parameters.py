"""The address is read and written without loss."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from explorer.querying.parameters import Parameters

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
PAIRS = st.lists(st.tuples(NAMES, st.text(st.characters(codec="utf-8"), max_size=12))).map(tuple)


@given(PAIRS)
def test_an_address_is_read_back_as_it_was_written(pairs: tuple[tuple[str, str], ...]) -> None:
    assert Parameters.of(Parameters(pairs).search()).pairs == pairs


def test_repeated_names_are_kept_and_the_mapping_gives_the_first() -> None:
    parameters = Parameters.of("?f=a:eq:1&f=b:eq:2&corpus=demo")
    assert parameters["f"] == "a:eq:1"
    assert parameters.only(["f"]).pairs == (("f", "a:eq:1"), ("f", "b:eq:2"))
    assert parameters.get("u") is None
    assert len(parameters) == 2


def test_replacing_takes_all_old_values_away() -> None:
    parameters = Parameters.of("?u=1&corpus=demo&u=2")
    assert parameters.replaced(u="3").pairs == (("corpus", "demo"), ("u", "3"))
    assert parameters.replaced(u=None).pairs == (("corpus", "demo"),)


def test_a_page_address_escapes_what_would_end_it() -> None:
    parameters = Parameters((("search", "a&b=c #1 100%"), ("corpus", "köln/1")))
    assert parameters.href("/utterances") == "/utterances?search=a%26b%3Dc%20%231%20100%25&corpus=k%C3%B6ln%2F1"
    assert Parameters.of(None) == Parameters()
    assert Parameters().href("/") == "/"
