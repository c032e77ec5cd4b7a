"""Words and characters of a corpus: counted, listed, compared with word lists, and found in time."""
