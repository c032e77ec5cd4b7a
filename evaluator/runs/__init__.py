"""Run folders: everything one system said about one corpus, kept for good, read as columns and as predictions."""
