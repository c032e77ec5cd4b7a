"""How long the intervals and differences of ten systems over 100,000 utterances take.

Errors are drawn for utterances of 3 to 39 words, each system a little worse than the one before; nothing else is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from evaluator.significance import RESAMPLES, difference, rate_interval

UTTERANCES = 100_000
SYSTEMS = 10
BUDGET_S = 10


def measure(say: Callable[[str], None] = print) -> None:
    """Print processor seconds for an interval of every system and a paired difference from the first."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(3, 40, UTTERANCES)
    errors = [generator.binomial(lengths, 0.08 + 0.003 * number) for number in range(SYSTEMS)]
    start = time.process_time()
    for system in errors:
        rate_interval(system, lengths)
        difference(errors[0], system, lengths)
    spent = time.process_time() - start
    base = f"{SYSTEMS} systems x {UTTERANCES:,} utterances, {RESAMPLES:,} resamples"
    say(f"{base}: {spent:.1f} s CPU (budget {BUDGET_S} s)")
