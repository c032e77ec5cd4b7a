"""Evaluator: everything that needs a second opinion, from an engine, a metric, an annotator or a listener."""
