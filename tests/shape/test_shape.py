"""What holds for the repository as a whole: who may import whom, how long a module is, what stands in no file."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))
LONGEST = 600
TABLE = re.compile(r"^_\w+_table\.py$")
_MARKER = "[a-z_]+ (==|!=|>=|<) '[A-Za-z0-9.]+'"
REQUIREMENT = re.compile(
    rf"^[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==[0-9][A-Za-z0-9.+!]*( ; {_MARKER}( and {_MARKER})*)?$"
)
# Written in pieces, so that this file does not hold them itself.
REGISTRIES = (
    *("files.python" + "hosted.org", "py" + "pi.org", "py" + "pi.python.org", "registry.npm" + "js.org"),
    *("npm" + "js.com", "registry.yarn" + "pkg.com", "proxy.go" + "lang.org", "crates" + ".io", "deb.deb" + "ian.org"),
)
HOMES = "/ho" + "me/[a-z]", "/ro" + "ot/", "/Us" + "ers/[A-Za-z]", r"C:\\Us" + "ers"
FORBIDDEN = {
    "a package registry": re.compile(rf"(?i)\b({'|'.join(map(re.escape, REGISTRIES))})\b"),
    "an absolute home path": re.compile(rf"(?<![\w.])({'|'.join(HOMES)})"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE" + r" KEY-----"),
}
NEVER_COMMITTED = {
    ".git",
    ".venv",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    ".import_linter_cache",
}
NEVER_COMMITTED |= {"__pycache__", "node_modules", "dist", "build", "carwire-data", ".schemathesis"}


def files() -> Iterator[Path]:
    """Every file that may be committed."""
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and not NEVER_COMMITTED & set(path.relative_to(ROOT).parts):
            yield path


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 50
    assert len(list(files())) > 100


def test_imports_keep_to_the_contracts(tmp_path: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_a_module_is_short_unless_it_is_a_table(path: Path) -> None:
    if not TABLE.match(path.name):
        assert len(path.read_text("utf-8").splitlines()) <= LONGEST


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Name what is public, at the top of a module or of a public class, and has no docstring; overloads need none."""
    if tree.body and ast.get_docstring(tree) is None:
        yield "the module"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if ast.get_docstring(node) is None and not is_overload(node):
                yield node.name
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) or inner.name.startswith("_"):
                    continue
                if ast.get_docstring(inner) is None and not is_overload(inner):
                    yield f"{node.name}.{inner.name}"


def is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Tell whether a function is there for type checkers alone."""
    return any(isinstance(each, ast.Name) and each.id == "overload" for each in node.decorator_list)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_what_is_public_has_a_docstring(path: Path) -> None:
    assert list(undocumented(ast.parse(path.read_text("utf-8")))) == []


def test_a_missing_docstring_would_be_seen() -> None:
    tree = ast.parse('"""x"""\ndef a(): pass\nclass B:\n    """x"""\n    def c(self): pass\n    def _d(self): pass')
    assert list(undocumented(tree)) == ["a", "B.c"]
    assert list(undocumented(ast.parse('"""x"""\n@overload\ndef a(): ...\ndef a(): ...'))) == ["a"]
    assert list(undocumented(ast.parse("x = 1"))) == ["the module"]
    assert list(undocumented(ast.parse(""))) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_names_and_versions_only(name: str) -> None:
    lines = (ROOT / name).read_text("ascii").splitlines()
    assert len(lines) > 20
    assert [line for line in lines if not REQUIREMENT.match(line)] == []
    names = [line.partition("==")[0] for line in lines]
    assert names == sorted(set(names))


def test_what_is_installed_in_use_is_installed_in_development_in_the_same_version() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(line.partition(" ;")[0].split("==") for line in (ROOT / name).read_text("ascii").splitlines())

    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


@pytest.mark.parametrize(
    "line", ["a @ https://x/y", "a>=1", "--index-url https://x", "a==1 --hash=sha256:0", "-e .", "A==1"]
)
def test_another_requirement_would_be_seen(line: str) -> None:
    assert not REQUIREMENT.match(line)


def test_no_file_names_a_registry_or_somebodys_home() -> None:
    found = []
    for path in files():
        text = path.read_bytes().decode("utf-8", "replace")
        for what, pattern in FORBIDDEN.items():
            if hit := pattern.search(text):
                found.append(f"{path.relative_to(ROOT)} has {what}: {hit[0]}")
    assert found == []


@pytest.mark.parametrize(
    "text", ["https://py" + "pi.org/simple", "/ho" + "me/somebody/x", "cd /ro" + "ot/x", "registry.npm" + "js.org"]
)
def test_what_is_forbidden_would_be_seen(text: str) -> None:
    assert any(pattern.search(text) for pattern in FORBIDDEN.values())


def test_every_test_is_in_a_module_pytest_collects() -> None:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        tests = re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
        assert bool(tests) is path.name.startswith("test_"), path
        assert len(tests) == len(set(tests)), f"{path} has two tests of one name"
