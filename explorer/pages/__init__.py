"""The pages of the explorer room, in the order of the menu."""

from __future__ import annotations

from explorer.pages import corpora, overview, predictions, problems, utterance, utterances, vocabulary

PAGES = (overview, utterances, vocabulary, corpora, problems, predictions, utterance)
