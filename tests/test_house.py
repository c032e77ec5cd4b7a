"""The house keeps its own rules: who may import whom, what is imported when, and where plain words live."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping, Set
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UPPER_FLOOR = ("explorer.components", "explorer.doors", "explorer.pages")
EVALUATORS_UPPER_FLOOR = ("evaluator.components", "evaluator.doors", "evaluator.pages")
HEAVY = ("torch", "nemo", "lightning", "librosa", "faster_whisper", "transformers")

# Both ways on purpose. None so far: a table of plugins names its modules as texts, which is no import.
ALLOWED_CIRCLES: tuple[frozenset[str], ...] = ()

# Classes that must subclass Lightning's; only functions import this module.
HEAVY_BY_NATURE = ("evaluator.training.callbacks",)


def modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, *, only_at_import_time: bool = False, typing_too: bool = True) -> set[str]:
    """Modules that the file imports; with ``only_at_import_time``, not those inside functions or TYPE_CHECKING."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        late = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if (only_at_import_time and (late or typing_only)) or (typing_only and not typing_too):
            return
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("path", modules("explorer"), ids=name_of)
def test_explorer_never_imports_evaluator_or_the_door(path: Path) -> None:
    assert not [m for m in imports(path) if within(m, ("evaluator", "app"))]


@pytest.mark.parametrize("path", modules("evaluator"), ids=name_of)
def test_evaluators_ground_floor_uses_only_ground_floors(path: Path) -> None:
    if within(name_of(path), EVALUATORS_UPPER_FLOOR):
        return
    forbidden = (*UPPER_FLOOR, *EVALUATORS_UPPER_FLOOR, "dash", "dash_bootstrap_components", "app")
    assert not [m for m in imports(path) if within(m, forbidden)]


@pytest.mark.parametrize("path", modules("explorer"), ids=name_of)
def test_the_ground_floor_never_imports_dash(path: Path) -> None:
    if within(name_of(path), UPPER_FLOOR):
        return
    late_typing_aside = imports(path, only_at_import_time=True)
    assert not [m for m in late_typing_aside if within(m, ("dash", "dash_bootstrap_components", "flask"))]


@pytest.mark.parametrize("path", modules("explorer/components", "evaluator/components"), ids=name_of)
def test_no_piece_of_pages_imports_a_page(path: Path) -> None:
    assert not [m for m in imports(path) if within(m, ("explorer.pages", "evaluator.pages"))]


@pytest.mark.parametrize("path", modules("explorer/pages", "evaluator/pages"), ids=name_of)
def test_no_page_imports_a_page(path: Path) -> None:
    if path.name == "__init__.py":
        return
    own = name_of(path)
    assert "def layout" in path.read_text(encoding="utf-8"), "a piece of pages belongs into components/"
    package = own.rsplit(".", 1)[0]
    pages = {name_of(p) for p in path.parent.glob("*.py")} - {own, package}
    assert not imports(path) & pages


def circles(graph: Mapping[str, Set[str]]) -> list[frozenset[str]]:
    """The groups of modules in which each leads to each: Tarjan's strongly connected components of two and more."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_ones: list[str] = []
    found = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        open_ones.append(module)
        for other in sorted(graph.get(module, ())):
            if other not in number:
                visit(other)
            if other in open_ones:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == number[module]:
            group = open_ones[open_ones.index(module) :]
            del open_ones[-len(group) :]
            if len(group) > 1 or module in graph.get(module, ()):
                found.append(frozenset(group))

    for module in graph:
        if module not in number:
            visit(module)
    return found


def test_circles_are_found():
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": {"e"}, "f": {"a"}}
    assert set(circles(graph)) == {frozenset("abc"), frozenset("e")}


def test_no_module_leads_back_to_itself():
    """Imports inside functions count too: one that only breaks a circle says that the two belong in another order."""
    files = {name_of(path): path for path in modules("explorer", "evaluator")}
    graph = {name: imports(path, typing_too=False) & files.keys() - {name} for name, path in files.items()}
    for name in graph:  # "from package import module" is not an import of what else is in package/__init__.py
        graph[name] -= {package for package in graph[name] if _only_its_modules(files[name], package, files)}
    assert set(circles(graph)) == set(ALLOWED_CIRCLES)


def test_no_room_leads_back_to_itself():
    """A room is a package of explorer or evaluator, or a module that stands alone beside them."""
    files = {name_of(path): path for path in modules("explorer", "evaluator")}
    rooms = {name: ".".join(name.split(".")[:2]) for name in files}
    graph: dict[str, set[str]] = {room: set() for room in rooms.values()}
    for name, path in files.items():
        graph[rooms[name]] |= {rooms[other] for other in imports(path, typing_too=False) & files.keys()}
    inner = {room: others - {room, "explorer", "evaluator"} for room, others in graph.items()}
    assert circles(inner) == []


def _only_its_modules(path: Path, package: str, files: Mapping[str, Path]) -> bool:
    wanted = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == package
        for alias in node.names
    ]
    return bool(wanted) and all(name in files for name in wanted)


@pytest.mark.parametrize("path", modules("explorer", "evaluator"), ids=name_of)
def test_heavy_packages_are_imported_inside_functions(path: Path) -> None:
    if name_of(path) in HEAVY_BY_NATURE:
        return
    assert not [m for m in imports(path, only_at_import_time=True) if m in HEAVY_BY_NATURE]
    assert not [m for m in imports(path, only_at_import_time=True) if within(m, HEAVY)]


@pytest.mark.parametrize("path", [*modules("explorer", "evaluator"), ROOT / "app.py"], ids=name_of)
def test_every_module_opens_with_its_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    first_paragraph = docstring.split("\n\n")[0].strip()
    assert first_paragraph.endswith((".", ":"))


@pytest.mark.parametrize("path", modules("explorer", "evaluator"), ids=name_of)
def test_no_pickle_no_eval_no_global_callback(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert not {m for m in imports(path) if within(m, ("pickle", "dill", "joblib"))}
    assert not names & {"eval", "exec"}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.keyword) and (n.arg or "").startswith("dangerously")]
    assert "dash.callback" not in imports(path)


@pytest.mark.parametrize("arguments", [["--help"], ["stats", "--help"], ["serve", "--help"], ["transcribe", "--help"]])
def test_help_needs_no_heavy_import(arguments: list[str]) -> None:
    unwanted = (*HEAVY, "dash", "pandas")
    watch = (
        "import sys, app\n"
        "try: app.main(sys.argv[1:])\n"
        "except SystemExit as stop: assert not stop.code\n"
        f"heavy = [m for m in {unwanted!r} if m in sys.modules]\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


def test_nothing_third_party_is_in_git() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = listed.stdout.splitlines()
    assert not [f for f in files if f.endswith((".min.js", ".min.css", ".woff2", ".map", ".wav", ".flac", ".onnx"))]
    binaries = [f for f in files if f.endswith((".nemo", ".ckpt", ".bin", ".parquet", ".duckdb"))]
    assert all(f.startswith("configs/demo/") and f.endswith(".nemo") for f in binaries)
