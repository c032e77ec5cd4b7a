"""Opening: from the words of a command line to its configuration, its corpora, its rows and its normalizer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.commands.arguments import parsers
from explorer.child import PROJECT
from explorer.errors import ConfigError, ManifestError

if TYPE_CHECKING:
    from evaluator.normalizers.registry import Normalizer
    from explorer.config import Config, CorpusSource
    from explorer.corpora.corpus import Corpus
    from explorer.predictions.join_report import JoinReport
    from explorer.querying.query import Query

DEFAULTS = PROJECT / "configs" / "earmark.yaml"
SHOWN_PROBLEMS = 20
SHOWN_MISSED = 5


def configuration(options: argparse.Namespace, overrides: Sequence[str], *files: Path) -> Config:
    """The defaults, the given files, then the overrides."""
    from explorer.config_files import load

    return load([DEFAULTS, *files, *options.config], overrides)


def split_overrides(words: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Manifests, and ``key=value`` words; a file whose name has a ``=`` is a manifest when it exists."""
    manifests, overrides = [], []
    for word in words:
        if "=" in word and "://" not in word.partition("=")[0] and not Path(word).exists():
            overrides.append(word)
        else:
            manifests.append(Path(word))
    return manifests, overrides


def corpus_names(manifests: Sequence[Path]) -> list[str]:
    """One short name for each manifest: its stem, with the folder's name or a number where stems collide.

    The stem of a shard pattern is that of its first file's without the number at its end, a folder's its whole name.
    """
    from explorer.formats.shards import paths_of

    names: list[str] = []
    for manifest in manifests:
        first = paths_of(manifest)[0]
        stem = first.name if first.is_dir() else first.name.removesuffix(".gz").rsplit(".", 1)[0]
        if first.name != manifest.expanduser().absolute().name:
            stem = stem.rstrip("0123456789").rstrip("_-.") or stem
        candidates = [stem, f"{manifest.resolve().parent.name}-{stem}"]
        candidates += [f"{stem}-{number}" for number in range(2, len(manifests) + 2)]
        names.append(next(name for name in candidates if name not in names))
    return names


def named_corpora(options: argparse.Namespace, manifests: Sequence[Path]) -> dict[str, CorpusSource]:
    """The manifests of the command line as corpora, each its own or all together under ``--as``.

    Raises:
        ManifestError: one of them is not there.
    """
    from explorer.config import Columns, CorpusSource
    from explorer.formats.shards import paths_of
    from explorer.places.paths import is_remote

    for manifest in manifests:
        missing = [path for path in paths_of(manifest) if not is_remote(path) and not path.exists()]
        if missing and len(paths_of(manifest)) > 1:
            raise ManifestError(
                f"{manifest} stands for {len(paths_of(manifest)):,} files, and {missing[0]} is not there."
            )
        if missing:
            raise ManifestError(
                f"{manifest} is no manifest in {Path.cwd()}, and no command ({', '.join(parsers()[1])})."
            )
    if options.corpus and manifests:
        groups = {options.corpus: tuple(manifests)}
    else:
        groups = {name: (path,) for name, path in zip(corpus_names(manifests), manifests, strict=True)}
    folders = {"audio_root": options.audio_root, "roots": tuple(options.roots), "vocabulary": options.vocab}
    folders |= {"tar_base_path": options.tar_base_path, "dali_index_base": options.dali_index_base}
    folders |= {"columns": Columns(**dict(options.columns)), "lanes": tuple(options.lanes)}
    heard = _heard(options)
    if heard and len(groups) != 1:
        raise ConfigError("--predictions belong to one corpus: open one, or several manifests as one with --as NAME.")
    folders |= {"predictions": heard, "join_on": options.join_on}
    return {name: CorpusSource(manifests=paths, **folders) for name, paths in groups.items()}


def _heard(options: argparse.Namespace) -> Mapping[str, Path]:
    """The files of ``--predictions`` by the names of their systems."""
    from explorer.predictions.prediction_store import named_files

    files = named_files(options.predictions)
    if options.join_on and not files:
        raise ConfigError("--join-on says what the files of --predictions are joined by, and there are none.")
    return files


def opened(options: argparse.Namespace) -> tuple[Corpus, Config]:
    """The manifests of the command line as one corpus, all of it read, and the configuration."""
    from explorer.corpora.loading import lines_on
    from explorer.corpora.opening import open_corpus
    from explorer.places.storage import configure

    manifests, overrides = split_overrides(options.manifests)
    config = configuration(options, overrides)
    configure(config.storage, copies_mb=config.cache.remote_mb)
    name = corpus_names(manifests)[0]
    folders = {"audio_root": options.audio_root, "roots": options.roots, "columns": dict(options.columns)}
    folders |= {"tars": options.tar_base_path, "dali": options.dali_index_base}
    told = lines_on(sys.stderr)
    return open_corpus(name, manifests, cache=config.cache.folder, progress=told, **folders), config


def opened_with_predictions(options: argparse.Namespace) -> tuple[Corpus, Config]:
    """The corpus with what ``--predictions`` heard; what became of the files goes to standard error."""
    from evaluator.runs.run_predictions import as_predictions
    from explorer.predictions.prediction_store import with_predictions

    corpus, config = opened(options)
    cache = config.cache.folder / "predictions"
    files = {name: as_predictions(path, cache) for name, path in _heard(options).items()}
    corpus, reports = with_predictions(corpus, files, join_on=options.join_on, cache=cache)
    _tell_joins(reports)
    return corpus, config


def chosen_normalizer(options: argparse.Namespace, config: Config) -> Normalizer:
    """The normalizer of ``--normalizer``, else the configured one."""
    from evaluator.normalizers.registry import normalizer, registry

    return normalizer(getattr(options, "normalizer", None) or config.normalizer, registry(config.normalizers))


def selected_rows(options: argparse.Namespace) -> tuple[Corpus, Query, Config]:
    """The corpus, the rows of ``--where`` in it, and the configuration."""
    from evaluator.selection import selected

    corpus, config = opened(options)
    return *selected(corpus, options.where, chosen_normalizer(options, config)), config


def _tell_joins(reports: Sequence[JoinReport]) -> None:
    """Say on standard error what became of files of predictions, with the address of every row that fits nothing."""
    for report in reports:
        for sentence in report.sentences():
            print(sentence, file=sys.stderr)
        for problem in report.problems[:SHOWN_PROBLEMS]:
            print(f"  {problem}", file=sys.stderr)
        if len(report.problems) > SHOWN_PROBLEMS:
            print(f"  and {sum(report.left_out.values()) + report.faulty - SHOWN_PROBLEMS:,} more", file=sys.stderr)
        for problem in report.missed[:SHOWN_MISSED]:
            print(f"  {problem}", file=sys.stderr)
        if report.missing > SHOWN_MISSED:
            print(f"  and {report.missing - SHOWN_MISSED:,} more utterances", file=sys.stderr)
