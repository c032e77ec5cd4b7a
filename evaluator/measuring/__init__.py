"""Measuring the sound of whole corpora as jobs, and the results as columns."""
