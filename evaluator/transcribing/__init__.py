"""Recognizing speech: configured systems and checkpoints, audio cut and batched, texts stitched together again."""
