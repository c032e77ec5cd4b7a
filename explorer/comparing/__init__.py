"""Corpora side by side: how far they drift apart, and what they share."""
