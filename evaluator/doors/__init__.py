"""Doors beside the pages: HTTP routes for edits, reviews, downloads of them, and the raters of listening tests."""
