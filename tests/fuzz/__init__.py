"""Fuzzing: mutated sources of every kind must never crash, hang, or lose what was not touched."""
