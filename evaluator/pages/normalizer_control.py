"""The normalizer of every rate, chosen in the header and kept in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash.development.base_component import Component

from explorer.components.shell import parameter_select

HELP = "What texts go through before they are compared."


def normalizer_control(stores: Any, parameters: Mapping[str, str]) -> Component:
    """A select with all normalizers, at the one the page is shown under."""
    chosen = parameters.get("normalizer") or stores.normalizer
    options = [(known.name, known.title) for known in stores.normalizers.values()]
    told = (
        f" {stores.normalizers[chosen].title}: {stores.normalizers[chosen].help}"
        if chosen in stores.normalizers
        else ""
    )
    return parameter_select("normalizer", "Normalizer", options, chosen, help_text=HELP + told)
