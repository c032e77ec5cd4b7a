"""The command ``train``: a small recognizer from one YAML file."""

from __future__ import annotations

import argparse

from evaluator.training.recipe import train


def run(options: argparse.Namespace) -> int:
    """``app.py train CONFIG [key=value ...]``"""
    return train(options.recipe, options.overrides)
