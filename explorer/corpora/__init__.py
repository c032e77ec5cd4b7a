"""Corpora: utterances and problems in one DuckDB file per content version; how it is built, opened and asked."""
