"""The front-end files: locked, fetched once, complete, and linked in the right order."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from explorer import vendor
from explorer.errors import SpeechDataError


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as in a fresh clone, with the files fetched into it for real (npm, about 2 s)."""
    folder = tmp_path_factory.mktemp("assets")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(vendor.ASSETS / name, folder)
    assert not vendor.current(folder)
    assert vendor.fetch(folder) is True
    return folder


def test_a_second_fetch_does_nothing(assets: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in assets.rglob("*")}
    assert vendor.fetch(assets) is False
    assert {path: path.stat().st_mtime_ns for path in assets.rglob("*")} == before


def test_only_the_listed_files_arrive(assets: Path) -> None:
    arrived = {str(path.relative_to(assets / "vendor")) for path in (assets / "vendor").rglob("*") if path.is_file()}
    listed = {target for _, target in vendor.FILES if not target.endswith("/")} | {".version"}
    assert listed <= arrived
    assert all(re.fullmatch(r"inter/files/inter-[a-z-]+-wght-normal\.woff2", name) for name in arrived - listed)
    assert set(vendor.STYLESHEETS) <= arrived


def test_every_package_brings_its_licence(assets: Path) -> None:
    for folder in (assets / "vendor").iterdir():
        if folder.is_dir():
            assert (folder / "LICENSE").stat().st_size > 500, folder.name


def test_every_woff2_that_a_stylesheet_names_is_there(assets: Path) -> None:
    for name in vendor.STYLESHEETS:
        sheet = assets / "vendor" / name
        for url in re.findall(r"url\([\"']?([^)\"']+)", sheet.read_text()):
            if not url.startswith("data:") and ".woff2" in url:
                assert (sheet.parent / url.split("?")[0]).is_file(), (name, url)


def test_a_damaged_copy_is_fetched_again(assets: Path, tmp_path: Path) -> None:
    copy = tmp_path / "assets"
    shutil.copytree(assets, copy)
    (copy / "vendor" / vendor.STYLESHEETS[0]).unlink()
    assert not vendor.current(copy)
    assert vendor.fetch(copy) is True
    assert (copy / "vendor" / vendor.STYLESHEETS[0]).is_file()


def test_a_broken_lock_file_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "x", "dependencies": {"bootstrap": "5.3.8"}}')
    (tmp_path / "package-lock.json").write_text("{}")
    with pytest.raises(SpeechDataError, match=r"npm could not fetch .*exit code \d+.*npm error"):
        vendor.fetch(tmp_path)
    assert not (tmp_path / "vendor").exists()


def test_the_lock_fixes_checksums_and_names_no_download_address() -> None:
    lock = json.loads((vendor.ASSETS / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert set(packages) >= {"node_modules/bootstrap", "node_modules/bootstrap-icons"}
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
    declared = json.loads((vendor.ASSETS / "package.json").read_text())["dependencies"]
    assert all(packages[f"node_modules/{name}"]["version"] == wanted for name, wanted in declared.items())


def test_dash_links_the_vendored_files_first_and_once(assets: Path, tmp_path: Path) -> None:
    from dash import Dash, html

    folder = tmp_path / "assets"
    shutil.copytree(assets, folder)
    (folder / "style.css").write_text("body { margin: 0 }")
    app = Dash("order", assets_folder=str(folder), **vendor.dash_options(assets=folder))
    app.layout = html.Div()
    page = app.server.test_client().get("/").text
    client = app.server.test_client()
    places = []
    for name in (*vendor.STYLESHEETS, "style.css"):
        assert page.count(name) == 1, name
        places.append(page.index(name))
    assert places == sorted(places)
    for name in (*vendor.STYLESHEETS, "inter/files/inter-latin-wght-normal.woff2"):
        assert client.get(f"/assets/vendor/{name}?v=1").status_code == 200, name
