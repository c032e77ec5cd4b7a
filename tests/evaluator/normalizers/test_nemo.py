"""NeMo text normalization: what it says when its package is absent, and what it does when it is there."""

from __future__ import annotations

import pytest

from evaluator.normalizers import nemo as nemo_normalizer
from evaluator.normalizers.registry import ABSENT
from explorer.errors import MissingPackage


def test_without_the_package_there_is_a_sentence_with_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nemo_normalizer, "PACKAGE", "no_such_package_here")
    nemo_normalizer._grammars.cache_clear()
    nemo_normalizer.spoken.cache_clear()
    chosen = nemo_normalizer.nemo_english()
    assert (chosen.version, chosen.title) == (ABSENT, "NeMo English (not installed)")
    with pytest.raises(MissingPackage, match=r"pip install -r requirements-nemo-text.txt"):
        chosen.apply("It costs $5.")


@pytest.mark.skipif(not nemo_normalizer.present(), reason="the optional package is not installed")
def test_written_forms_are_spoken() -> None:
    assert nemo_normalizer.nemo_english().apply("It costs $5.") == "it costs five dollars"
