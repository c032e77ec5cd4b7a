"""The demo: a corpus of synthetic speech, planted faults and real predictions, made offline on the user's machine."""

from evaluator.demo.build import DemoWorkspace, build
from evaluator.demo.corpora import DemoSize

__all__ = ["DemoSize", "DemoWorkspace", "build"]
