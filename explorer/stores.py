"""What every page is given: the stores it may read, and the sockets other rooms plug into.

There are no globals: ``create_app`` makes one Stores and hands it to every page's ``layout`` and ``register``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from explorer.comparing.comparison_store import ComparisonStore
from explorer.lanes.lane import Lane, own_lanes
from explorer.predictions.prediction_store import PredictionStore
from explorer.sound.decoders import Decoders
from explorer.vocabulary.vocabulary_store import Counting, VocabularyStore
from explorer.vocabulary.word_list import WordList, read_word_list
from explorer.vocabulary.words import AS_WRITTEN, Folding

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from explorer.config import Config
    from explorer.corpora.corpus import Corpus, Utterance
    from explorer.corpora.library import Library
    from explorer.querying.parameters import Parameters
    from explorer.querying.query import Query
    from explorer.vocabulary.word_listing import WordAccuracy


class Page(Protocol):
    """A page is a module with these names; its component ids start with the page's name.

    A page that only links lead to sets ``IN_MENU = False``. A page that is a view of another one sets ``UNDER`` to that
    one's path: both become tabs of one entry of the menu, named by ``TAB`` where a title is too long, and keep the
    parameters that any of them lists in ``CARRIED`` beside place and rows.
    """

    PATH: str
    TITLE: str

    def layout(self, stores: Any, query: Parameters) -> Component:
        """The page for the URL's query parameters."""

    def register(self, app: Any, stores: Any) -> None:
        """Attach the page's callbacks to ``app`` (never the global ``dash.callback``)."""


class UtterancePanel(Protocol):
    """A panel of the utterance view, drawn under the player (for example the alignment of all systems)."""

    def __call__(self, stores: Any, corpus: Corpus, utterance: Utterance) -> Component | None:
        """The panel, or None when it has nothing to say."""


class OverviewSection(Protocol):
    """A section of the overview page (for example the error rates of every system), for the rows of ``query``."""

    def __call__(self, stores: Any, corpus: Corpus, query: Query) -> Component | None:
        """The section, or None when it has nothing to say."""


class HeaderControl(Protocol):
    """A control in the header, made with ``shell.parameter_select`` (for example the normalizer of every rate)."""

    def __call__(self, stores: Any, parameters: Mapping[str, str]) -> Component | None:
        """The control, or None when it has nothing to choose."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the utterances toolbar that opens another page with the same corpus and query in its URL."""

    label: str
    path: str
    help: str
    icon: str


@dataclass(frozen=True, kw_only=True)
class Stores:
    """The stores of explorer; app.py makes the subclass that evaluator's pages need."""

    config: Config
    library: Library
    panels: tuple[UtterancePanel, ...] = ()
    sections: tuple[OverviewSection, ...] = ()
    actions: tuple[Action, ...] = ()
    controls: tuple[HeaderControl, ...] = ()
    vocabularies: VocabularyStore = field(init=False)
    comparisons: ComparisonStore = field(init=False)
    predictions: PredictionStore = field(init=False)
    decoders: Decoders = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vocabularies", VocabularyStore(self.config.cache.folder / "vocabulary"))
        object.__setattr__(self, "comparisons", ComparisonStore())
        object.__setattr__(self, "decoders", Decoders())
        folders = {"folder": self.config.workspace / "predictions", "cache": self.config.cache.folder / "predictions"}
        object.__setattr__(self, "predictions", PredictionStore(self.config.corpora, **folders))

    def corpus(self, parameters: Mapping[str, str]) -> Corpus:
        """The corpus that the URL names with ``corpus=``, or the first open one, with the predictions joined to it.

        A subclass lays more columns beside it (scores under the URL's ``normalizer=``).

        Raises:
            UnknownCorpus: no corpus of that name is open, or none at all.
        """
        return self.predictions.lay(self.library.get(parameters.get("corpus") or self.library.first()))

    def pending(self, parameters: Mapping[str, str]) -> bool:
        """Whether columns may still come by themselves: the corpus is being loaded, or something of it computed."""
        corpus = self.library.get(parameters.get("corpus") or self.library.first())
        return self.library.progress(corpus.name) is not None or self.predictions.pending(corpus)

    def revision(self, parameters: Mapping[str, str]) -> str:
        """A token that changes whenever ``corpus(parameters)`` would show something new; pages poll it."""
        name = parameters.get("corpus") or self.library.first()
        return f"{self.library.revision(name)} {self.predictions.revision(self.library.get(name))}".strip()

    def lanes(self, corpus: Corpus, utterance: Utterance) -> tuple[Lane, ...]:
        """What is drawn under the waveform: what the row and files about it say; a subclass adds what it found."""
        source = self.config.corpora.get(corpus.name)
        return own_lanes(corpus, utterance, folders=source.lanes if source else ())

    def foldings(self) -> Sequence[Folding]:
        """The ways in which the vocabulary can put written words together."""
        return (AS_WRITTEN,)

    def folding(self, parameters: Mapping[str, str]) -> Folding:
        """The one of the address."""
        return AS_WRITTEN

    def folding_progress(self, parameters: Mapping[str, str]) -> Counting:
        """How far the texts are that the folding of the address needs and that are not laid beside the corpus yet."""
        return Counting(0, 0)

    def word_accuracies(self, corpus: Corpus) -> Sequence[WordAccuracy]:
        """What systems made of every word, under the folding of the address: none, until a subclass has scores."""
        return ()

    def word_list(self, corpus: Corpus) -> WordList | None:
        """The word list that the configuration names for the corpus, to tell OOV words by; None when it names none.

        Raises:
            ManifestError: the file cannot be read.
        """
        source = self.config.corpora.get(corpus.name)
        if source is None or source.vocabulary is None:
            return None
        return read_word_list(source.vocabulary, cache=self.config.cache.folder)
