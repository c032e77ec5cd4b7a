"""Sentences read aloud: stimulus sets, the listening room's rows, and speech synthesized on demand."""
