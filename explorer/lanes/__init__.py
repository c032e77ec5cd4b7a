"""Stretches of time under a waveform: words, speech and speakers, from files and fields."""
