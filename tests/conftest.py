"""What all tests share: how property tests are run.

They are judged by their law, not by the speed of a busy machine, and draw the same examples every time, so that a green
suite stays green for the next person. ``pytest --hypothesis-profile=explore`` draws new and many more ones.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("earmark", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("earmark")
