"""Pieces of the evaluator's pages: controls, tables, panels and sections; no page of its own among them."""
