"""The demo: a corpus of synthetic speech, planted faults and real predictions, made offline on the user's machine."""

from evaluator.demo.build import FIRST_ENGINES, DemoWorkspace, build, complete_behind
from evaluator.demo.corpora import DemoSize

__all__ = ["FIRST_ENGINES", "DemoSize", "DemoWorkspace", "build", "complete_behind"]
