"""Automatic scores of voices: pitch, pace, loudness, predicted opinion, and how far a reading is from a recording."""
