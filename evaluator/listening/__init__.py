"""Blind listening tests: designs, plans of raters, ratings in the ledger, and what they say about the systems."""
