"""The menu and the tabs of page families, read off the components."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from explorer.components.navigation import menu, tabs
from explorer.querying.parameters import Parameters

PAGES: Any = (
    SimpleNamespace(PATH="/", TITLE="Overview"),
    SimpleNamespace(PATH="/compare", TITLE="Compare", TAB="Standings", CARRIED=("system",)),
    SimpleNamespace(PATH="/slices", TITLE="Slices", UNDER="/compare"),
    SimpleNamespace(PATH="/hidden", TITLE="Hidden", IN_MENU=False),
)
ASKED = Parameters.of("?corpus=dev&normalizer=none&f=words:ge:2&system=a&u=17")


def test_the_menu_lists_families_once_and_marks_the_family_of_the_page() -> None:
    items = menu(PAGES, "/slices", ASKED, problems=0).children
    assert [item.children.children[0] for item in items] == ["Overview", "Compare"]
    assert [item.className for item in items] == ["", "here"]
    assert items[1].children.href == "/compare?corpus=dev&normalizer=none"


def test_tabs_keep_place_rows_and_what_the_family_carries() -> None:
    strip = tabs(PAGES, "/slices", ASKED)
    assert strip is not None
    items = strip.children.children
    assert [item.children.children for item in items] == ["Standings", "Slices"]
    assert [item.className for item in items] == ["", "here"]
    assert items[0].children.href == "/compare?corpus=dev&normalizer=none&f=words%3Age%3A2&system=a"


def test_a_page_without_family_has_no_tabs_nor_has_an_unknown_one() -> None:
    assert tabs(PAGES, "/", ASKED) is None
    assert tabs(PAGES, "/nowhere", ASKED) is None
