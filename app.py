"""Earmark's front door: command line, configuration, stores, the app and its server.

The only file that knows both rooms. Commands import what they need when they run, so that ``--help`` and the
statistics of a manifest never wait for torch.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.commands.arguments import parsers
from evaluator.commands.opening import DEFAULTS as DEFAULTS
from evaluator.commands.opening import configuration, named_corpora, split_overrides
from explorer.errors import ConfigError, SpeechDataError

if TYPE_CHECKING:
    from dash import Dash

    from evaluator.stores import EvaluatorStores
    from explorer.config import Config

ROOT = Path(__file__).resolve().parent


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
        code = int(run(options))
        sys.stdout.flush()
        return code
    except SpeechDataError as error:
        print(f"earmark: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who reads the output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _late(module: str, name: str = "run") -> Callable[[argparse.Namespace], int]:
    """The command's function in ``evaluator/commands/``, imported when it is run."""

    def run(options: argparse.Namespace) -> int:
        return int(getattr(import_module(f"evaluator.commands.{module}"), name)(options))

    return run


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """Put the garbage collector off: nothing that the start makes is garbage, and looking for it is a tenth of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def serving_overrides(options: argparse.Namespace) -> list[str]:
    """The command line's own spellings of server options, as overrides."""
    named = {"server.port": options.port, "server.host": getattr(options, "host", None)}
    overrides = [f"{key}={value}" for key, value in named.items() if value is not None]
    return overrides + (["server.insecure=true"] if getattr(options, "insecure", False) else [])


def run_serve(options: argparse.Namespace) -> int:
    """``app.py [serve] MANIFEST... [key=value ...]``"""
    return serve(_to_serve(options), measuring=options.measure)


@_without_collecting()
def _to_serve(options: argparse.Namespace) -> Config:
    manifests, overrides = split_overrides(options.manifests)
    config = configuration(options, [*overrides, *serving_overrides(options)])
    if not manifests and not config.corpora:
        raise ConfigError(
            "There is nothing to open: name a manifest, or corpora in a --config file, or run `app.py demo`."
        )
    named = named_corpora(options, manifests)
    for name in named.keys() & config.corpora.keys():
        print(f'earmark: "{name}" is the manifest of the command line, not the configured one.', file=sys.stderr)
    return replace(config, corpora={**named, **config.corpora, **named})


def run_demo(options: argparse.Namespace) -> int:
    """``app.py demo``"""
    from evaluator.demo import FIRST_ENGINES, build, complete_behind
    from evaluator.demo.telling import Telling

    overrides = [*options.overrides, *serving_overrides(options)]
    config = configuration(options, overrides)
    if options.prepare_only:
        print(build(config.workspace, progress=Telling(sys.stderr)).folder)
        return 0
    workspace = build(config.workspace, progress=Telling(sys.stderr), engines=FIRST_ENGINES)
    config = configuration(options, [*workspace.overrides, *overrides], ROOT / "configs" / "demo.yaml")
    complete_behind(config.workspace, progress=partial(print, file=sys.stderr, flush=True))
    return serve(config)


def open_stores(config: Config) -> EvaluatorStores:
    """The stores behind all pages, with the corpora of the configuration being opened."""
    from evaluator.opening import open_stores as open_evaluator_stores
    from evaluator.pages import ACTIONS, CONTROLS, PANELS, SECTIONS
    from evaluator.runs.run_predictions import as_predictions
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
    from explorer.doors import exports, late_imports, media, palette, security

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
    late_imports.before_answers(app.server)
    return app


def serve(config: Config, *, measuring: bool = False) -> int:
    """Serve the configured corpora until interrupted; with ``measuring`` their sound is measured, too."""
    import logging

    import waitress

    from explorer.doors import late_imports
    from explorer.doors.security import check_bind

    where = config.server
    check_bind(where)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that an answer waited its turn is no news
    with contextlib.ExitStack() as until_stopped:
        with _without_collecting():
            stores = until_stopped.enter_context(contextlib.closing(open_stores(config)))
            app = create_app(stores)
        try:
            server = waitress.create_server(
                app.server, host=where.host, port=where.port, threads=where.threads, ident=None
            )
        except OSError as error:
            taken = f"Port {where.port} of {where.host} cannot be used ({error.strerror or error})"
            raise ConfigError(f"{taken}; choose another with --port.") from error
        if measuring:
            stores.desk.measure_when_loaded()
        token = f"?token={where.token}" if where.token else ""
        late_imports.behind()
        print(f"Earmark is at http://{where.host}:{where.port}/{token}  (Ctrl+C stops it)", flush=True)
        server.run()
    return 0


RUN: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "serve": run_serve,
    "stats": _late("score", "run_stats"),
    "score": _late("score", "run_score"),
    "normalizers": _late("normalizers"),
    "compare": _late("compare"),
    "slices": _late("slices"),
    "errors": _late("errors"),
    "transcribe": _late("transcribe"),
    "measure": _late("measure"),
    "export": _late("export"),
    "apply": _late("apply"),
    "review": _late("review"),
    "demo": run_demo,
    "synthesize": _late("synthesize"),
    "train": _late("train"),
}

if __name__ == "__main__":
    sys.exit(main())
