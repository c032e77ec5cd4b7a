"""Predictions from other files, joined with an open corpus, with a report of what did not join."""
