"""What all tests share: property tests are judged by their law, not by the speed of a busy machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("earmark", deadline=None)
settings.load_profile("earmark")
