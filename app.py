"""Earmark's front door: command line, configuration, stores, the app and its server.

The only file that knows both rooms. Commands import what they need when they run, so that ``--help`` and the
statistics of a manifest never wait for torch.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.commands.arguments import parsers
from explorer.errors import ConfigError, ManifestError, SpeechDataError

if TYPE_CHECKING:
    from dash import Dash

    from evaluator.normalizers.registry import Normalizer
    from evaluator.stores import EvaluatorStores
    from explorer.config import Config, CorpusSource

ROOT = Path(__file__).resolve().parent
DEFAULTS = ROOT / "configs" / "earmark.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 done with failures, 2 could not be done."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] not in RUN and given[0] not in ("-h", "--help"):
        given.insert(0, "serve")
    top, commands = parsers()
    if not given or given[0] not in commands:
        top.parse_args(given or ["--help"])
    run = RUN[given[0]]
    # Intermixed: flags may stand before, between and after the manifests and key=value words.
    options = commands[given[0]].parse_intermixed_args(given[1:])
    try:
        return int(run(options))
    except SpeechDataError as error:
        print(f"earmark: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


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


def serving_overrides(options: argparse.Namespace) -> list[str]:
    """The command line's own spellings of server options, as overrides."""
    named = {"server.port": options.port, "server.host": getattr(options, "host", None)}
    overrides = [f"{key}={value}" for key, value in named.items() if value is not None]
    return overrides + (["server.insecure=true"] if getattr(options, "insecure", False) else [])


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


def run_serve(options: argparse.Namespace) -> int:
    """``app.py [serve] MANIFEST... [key=value ...]``"""
    manifests, overrides = split_overrides(options.manifests)
    config = configuration(options, [*overrides, *serving_overrides(options)])
    if not manifests and not config.corpora:
        raise ConfigError(
            "There is nothing to open: name a manifest, or corpora in a --config file, or run `app.py demo`."
        )
    named = named_corpora(options, manifests)
    for name in named.keys() & config.corpora.keys():
        print(f'earmark: "{name}" is the manifest of the command line, not the configured one.', file=sys.stderr)
    return serve(replace(config, corpora={**named, **config.corpora, **named}), measuring=options.measure)


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
            raise ManifestError(f"{manifest} is no manifest in {Path.cwd()}, and no command ({', '.join(RUN)}).")
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


def run_demo(options: argparse.Namespace) -> int:
    """``app.py demo``"""
    from evaluator.demo import build

    overrides = [*options.overrides, *serving_overrides(options)]
    config = configuration(options, overrides)
    workspace = build(config.workspace, progress=lambda line: print(line, file=sys.stderr, flush=True))
    if options.prepare_only:
        print(workspace.folder)
        return 0
    config = configuration(options, [*workspace.overrides, *overrides], ROOT / "configs" / "demo.yaml")
    return serve(config)


def run_stats(options: argparse.Namespace) -> int:
    """``app.py stats MANIFEST... [--json]``"""
    from evaluator.commands.score import oov_report, print_stats
    from evaluator.commands.selection import selected
    from explorer.vocabulary.word_list import read_word_list

    opened, config = _open_for_reading(options)
    corpus, query = selected(opened, options.where, _normalizer(options, config))
    oov = None
    if options.vocab is not None:
        words = read_word_list(options.vocab, cache=config.cache.folder)
        oov = oov_report(corpus, words, _normalizer(options, config), query=query)
    return print_stats(corpus, query=query, oov=oov, as_json=options.json)


def run_score(options: argparse.Namespace) -> int:
    """``app.py score MANIFEST... [--json] [--normalizer NAME] [--predictions NAME=FILE] [--where FILTER]``"""
    from evaluator.commands.score import print_score

    corpus, config = _with_heard(options)
    return print_score(corpus, normalizer=_normalizer(options, config), where=options.where, as_json=options.json)


def run_normalizers(options: argparse.Namespace) -> int:
    """``app.py normalizers MANIFEST... [--normalizer NAME] [--json]``"""
    from evaluator.commands.normalizers import print_contributions

    corpus, config = _open_for_reading(options)
    return print_contributions(corpus, _normalizer(options, config), as_json=options.json)


def _with_heard(options: argparse.Namespace) -> tuple[Any, Config]:
    """The corpus with what ``--predictions`` heard; what became of the files goes to standard error."""
    from evaluator.commands.score import print_joins
    from evaluator.runs.run_predictions import as_predictions
    from explorer.predictions.prediction_store import with_predictions

    opened, config = _open_for_reading(options)
    cache = config.cache.folder / "predictions"
    files = {name: as_predictions(path, cache) for name, path in _heard(options).items()}
    corpus, reports = with_predictions(opened, files, join_on=options.join_on, cache=cache)
    print_joins(reports)
    return corpus, config


def run_compare(options: argparse.Namespace) -> int:
    """``app.py compare MANIFEST... --baseline SYS [--fail-if CONDITION]``"""
    from evaluator.commands.compare import print_comparison
    from evaluator.comparing.comparison import Means
    from evaluator.comparing.table_store import TableStore

    corpus, config = _with_heard(options)
    return print_comparison(
        corpus,
        options.where,
        normalizer_name=_normalizer(options, config),
        systems=options.systems,
        baseline=options.baseline,
        blocks=options.by,
        conditions=options.conditions,
        form=options.form,
        means=Means(TableStore(folder=config.cache.folder / "words"), config.cache.folder / "comparisons"),
        scores=config.cache.folder / "scores",
    )


def run_errors(options: argparse.Namespace) -> int:
    """``app.py errors MANIFEST... --system SYS [--against SYS] [--top N]``"""
    from evaluator.commands.errors import print_errors

    corpus, config = _with_heard(options)
    return print_errors(
        corpus,
        options.where,
        system=options.system,
        against=options.against,
        normalizer_name=_normalizer(options, config),
        top=options.top,
        form=options.form,
        scores=config.cache.folder / "scores",
    )


def run_slices(options: argparse.Namespace) -> int:
    """``app.py slices MANIFEST... --by COLUMN[:EDGES]``"""
    from evaluator.commands.slices import print_slices
    from evaluator.comparing.comparison import Means

    corpus, config = _open_for_reading(options)
    return print_slices(
        corpus,
        options.where,
        by=options.by,
        slots=config.slots,
        normalizer_name=_normalizer(options, config),
        systems=options.systems,
        baseline=options.baseline,
        blocks=options.resample,
        form=options.form,
        means=Means(folder=config.cache.folder / "comparisons"),
    )


def run_transcribe(options: argparse.Namespace) -> int:
    """``app.py transcribe MANIFEST... --model X.nemo --name SYS -o OUT.json``"""
    from evaluator.commands.selection import selected
    from evaluator.commands.transcribe import transcribe_checkpoints, transcribe_manifest

    opened, config = _open_for_reading(options)
    corpus, query = selected(opened, options.where, _normalizer(options, config))
    if options.checkpoints is not None:
        if options.model is not None or options.engine not in (None, "nemo"):
            raise ConfigError("--checkpoints has its own models; leave out --model and --engine.")
        return transcribe_checkpoints(
            corpus,
            config,
            folder=config.checkpoints.get(str(options.checkpoints), options.checkpoints),
            name=options.name,
            vad=options.vad,
            detector=options.detector,
            device=options.device,
            output=options.output,
            query=query,
        )
    return transcribe_manifest(
        corpus,
        config,
        model=options.model,
        name=options.name,
        engine=options.engine,
        vad=options.vad,
        detector=options.detector,
        device=options.device,
        output=options.output,
        query=query,
    )


def run_measure(options: argparse.Namespace) -> int:
    """``app.py measure MANIFEST... [--detector NAME] [--voices] [-o OUT.csv|OUT.json]``"""
    from evaluator.commands.measure import measure_manifest
    from evaluator.commands.selection import selected

    opened, config = _open_for_reading(options)
    corpus, query = selected(opened, options.where, _normalizer(options, config))
    judges = None
    if options.voices:
        from evaluator.voices.judges import JUDGES, missing_judges

        absent = missing_judges()
        judges = [name for name in JUDGES if name not in absent]
    given = {"detector": options.detector, "judges": judges, "output": options.output}
    return measure_manifest(corpus, config, query=query, **given)


def run_export(options: argparse.Namespace) -> int:
    """``app.py export MANIFEST... --to FORMAT -o OUT``"""
    from evaluator.commands.selection import selected
    from explorer.export_command import export_corpus

    opened, config = _open_for_reading(options)
    corpus, query = selected(opened, options.where, _normalizer(options, config))
    wanted = {"format": options.to, "system": options.system, "columns": options.fields}
    wanted["formulas"] = config.csv.formulas
    return export_corpus(corpus, query, options.output, **wanted)


def run_apply(options: argparse.Namespace) -> int:
    """``app.py apply RECIPE MANIFEST... -o OUT.json``"""
    from evaluator.commands.apply import apply_manifest

    corpus, config = _open_for_reading(options)
    return apply_manifest(corpus, config, options.recipe, options.output, as_json=options.json)


def run_review(options: argparse.Namespace) -> int:
    """``app.py review export|import|assign MANIFEST...``"""
    from evaluator.commands import review as command
    from evaluator.commands.selection import selected
    from evaluator.ledger import open_ledger
    from evaluator.review.assigned import AssignedOverlays
    from evaluator.review.overlays import ReviewOverlays

    opened, config = _open_for_reading(options)
    if options.corpus:
        opened = replace(opened, name=options.corpus)
    with closing(open_ledger(config)) as ledger:
        if options.action == "import":
            cache = config.cache.folder
            return command.run_import(opened, ledger, options.export, who=options.who, cache=cache)
        if options.action == "assign":
            return command.run_assign(opened, ledger, options.people, options.overlap, who=options.who)
        cache = config.cache.folder / "reviews"
        opened = ReviewOverlays(ledger, cache).lay(AssignedOverlays(ledger, cache).lay(opened))
        corpus, query = selected(opened, options.where, _normalizer(options, config))
        return command.run_export(corpus, ledger, query, options.output, kind=options.what, rejected=options.rejected)


def run_synthesize(options: argparse.Namespace) -> int:
    """``app.py synthesize TEXTS|MANIFEST --system NAME -o OUTDIR``"""
    from evaluator.commands.selection import selected
    from evaluator.commands.synthesize import named_lines, read_texts, synthesize_texts
    from evaluator.tts.sentences import corpus_lines
    from evaluator.tts.speaking import configured
    from evaluator.tts.stimuli import stimulus_set

    manifests, overrides = split_overrides(options.manifests)
    if len(manifests) == 1 and manifests[0].suffix == ".txt":
        config, lines = configuration(options, overrides), read_texts(manifests[0])
    else:
        opened, config = _open_for_reading(options)
        corpus, query = selected(opened, options.where, config.normalizer)
        lines = named_lines(corpus_lines(corpus, stimulus_set(corpus), query))
    return synthesize_texts(
        lines,
        configured(config, options.systems),
        form=options.spoken or config.synthesis.spoken_form,
        longest=config.synthesis.longest_text,
        output=options.output,
    )


def run_train(options: argparse.Namespace) -> int:
    """``app.py train CONFIG [key=value ...]``"""
    from evaluator.training.recipe import train

    return train(options.recipe, options.overrides)


def _normalizer(options: argparse.Namespace, config: Config) -> Normalizer:
    """The normalizer of ``--normalizer``, else the configured one."""
    from evaluator.normalizers.registry import normalizer, registry

    return normalizer(getattr(options, "normalizer", None) or config.normalizer, registry(config.normalizers))


def _open_for_reading(options: argparse.Namespace) -> tuple[Any, Config]:
    from explorer.corpora.opening import open_corpus
    from explorer.places.storage import configure

    manifests, overrides = split_overrides(options.manifests)
    config = configuration(options, overrides)
    configure(config.storage, copies_mb=config.cache.remote_mb)
    name = corpus_names(manifests)[0]
    folders = {"audio_root": options.audio_root, "roots": options.roots, "columns": dict(options.columns)}
    folders |= {"tars": options.tar_base_path, "dali": options.dali_index_base}
    return open_corpus(name, manifests, cache=config.cache.folder, **folders), config


def open_stores(config: Config) -> EvaluatorStores:
    """The stores behind all pages, with the corpora of the configuration being opened."""
    from evaluator.pages import ACTIONS, CONTROLS, PANELS, SECTIONS
    from evaluator.runs.run_predictions import as_predictions
    from evaluator.stores import open_stores as open_evaluator_stores
    from explorer.places.storage import configure

    configure(config.storage, copies_mb=config.cache.remote_mb)
    cache = config.cache.folder / "predictions"
    heard = {
        name: replace(
            one, predictions={system: as_predictions(path, cache) for system, path in one.predictions.items()}
        )
        for name, one in config.corpora.items()
    }
    config = replace(config, corpora=heard)

    stores = open_evaluator_stores(config, panels=PANELS, sections=SECTIONS, actions=ACTIONS, controls=CONTROLS)
    for name, corpus in config.corpora.items():
        stores.library.open(
            name,
            corpus.manifests,
            audio_root=corpus.audio_root,
            roots=corpus.roots,
            columns=corpus.columns.named(),
            tars=corpus.tar_base_path,
            dali=corpus.dali_index_base,
        )
    return stores


def create_app(stores: EvaluatorStores) -> Dash:
    """The Dash app over ``stores``: both rooms' pages in one shell, guarded, with its own media routes."""
    from dash import Dash

    import evaluator.pages
    import explorer.pages
    from evaluator.doors import rating_door, review_door, review_exports
    from explorer import vendor
    from explorer.components import shell
    from explorer.doors import exports, media, palette, security

    pages = (*explorer.pages.PAGES, *evaluator.pages.PAGES)
    # Dash takes None for update_title, whatever its types say: the title must not flicker at every answer.
    front_end: dict[str, Any] = {**vendor.dash_options(), "update_title": None}
    app = Dash(
        "earmark",
        title="Earmark",
        assets_folder=str(ROOT / "assets"),
        index_string=shell.INDEX,
        suppress_callback_exceptions=True,
        compress=True,
        on_error=shell.report,
        **front_end,
    )
    security.guard(app.server, stores.config.server, own_keys=(f"{rating_door.PREFIX}/",))
    media.register(app.server, stores)
    exports.register(app.server, stores)
    review_door.register(app.server, stores)
    rating_door.register(app.server, stores)
    review_exports.register(app.server, stores)
    palette.register(app.server, stores, pages)
    app.layout = shell.shell(pages, stores)
    shell.register(app, pages, stores)
    for page in pages:
        page.register(app, stores)
    _import_before_answering(app)
    return app


def _import_before_answering(app: Dash) -> None:
    """Import in a thread what only answers need, and let the first ones wait for it, but not the start.

    plotly's encoder takes pandas and Pillow from sys.modules: an answer that is written while another thread is still
    importing one of them would fail.
    """
    work = threading.Thread(target=lambda: [import_module(name) for name in ("pandas", "PIL.Image")], daemon=True)
    work.start()
    app.server.before_request(work.join)


def serve(config: Config, *, measuring: bool = False) -> int:
    """Serve the configured corpora until interrupted; with ``measuring`` their sound is measured, too."""
    import waitress

    from explorer.doors.security import check_bind

    where = config.server
    check_bind(where)
    with closing(open_stores(config)) as stores:
        app = create_app(stores)
        try:
            server = waitress.create_server(
                app.server, host=where.host, port=where.port, threads=where.threads, ident=None
            )
        except OSError as error:
            taken = f"Port {where.port} of {where.host} cannot be used ({error.strerror or error})"
            raise ConfigError(f"{taken}; choose another with --port.") from error
        if measuring:
            stores.measure_when_loaded()
        token = f"?token={where.token}" if where.token else ""
        print(f"Earmark is at http://{where.host}:{where.port}/{token}  (Ctrl+C stops it)", flush=True)
        server.run()
    return 0


RUN = {
    "serve": run_serve,
    "stats": run_stats,
    "score": run_score,
    "normalizers": run_normalizers,
    "compare": run_compare,
    "slices": run_slices,
    "errors": run_errors,
    "transcribe": run_transcribe,
    "measure": run_measure,
    "export": run_export,
    "apply": run_apply,
    "review": run_review,
    "demo": run_demo,
    "synthesize": run_synthesize,
    "train": run_train,
}

if __name__ == "__main__":
    sys.exit(main())
