"""What the property tests of scoring draw from: few different words, so that ties and repetitions are common."""

from __future__ import annotations

from hypothesis import strategies as st

tokens = st.lists(st.sampled_from(["a", "b", "c", "aa"]), max_size=12)
counts = st.integers(min_value=0, max_value=1_000_000)
texts = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "aAbBß'’‘-.,!?$%_ \t\n\u00a0\u00ad\u200b\u200c\u200d\ufeff\u0301\u0308ÀéİıΣσςकि्त\u0ba4\u0bbfا😀1²½Ⅷ"
        ),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=40,
)
ascii_texts = st.text(alphabet=st.characters(max_codepoint=127), max_size=40)
