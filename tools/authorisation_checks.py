"""Take every authorisation check out of the server, one at a time, and see which tests turn red.

``python tools/authorisation_checks.py`` copies the project into a scratch folder, breaks one check there, runs the
tests that are meant to notice, puts it back, and goes on with the next; all take an hour or more. It ends with status 1
when a run stayed green, and names the checks. ``--list`` only lists, ``--only TEXT`` tries those whose name has it.

Checks are found in the code by their form, so that a new one is tried without being written down here: refusals that
are raised or returned, comparisons of owner and application, of secrets, of permissions, the same in SQL, limits, and
the door of every row of the route table. The few that have no such form are listed below with the text they replace.
`tests/shape/test_authorisation_checks.py` holds the tables below against the code.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = "src/carwire"
_LATE: Final = -1
_LIMIT_S: Final = 300  # of one run of tests: a check without which something waits for ever is noticed, too


class Edit(NamedTuple):
    """What stands in a file from a place on, and what comes there."""

    file: str
    start: int
    old: str
    new: str


class Check(NamedTuple):
    """A check: its name, where it is, and the edits that take it away."""

    name: str
    edits: tuple[Edit, ...]

    @property
    def file(self) -> str:
        """The file it is in, relative to the package."""
        return self.edits[0].file


# Errors and answers that refuse somebody. Of `LookupRefused` only those of these kinds do.
RAISED: Final = frozenset(
    {"NotAuthenticated", "GrantMissing", "AccessDenied", "NothingThere", "NotTrusted", "Limited", "MissingParameter"}
    | {"unknown_client", "TooManyStreams", "WebhookUnknown", "InvalidClientError", "InvalidRequestError"}
)
LOOKUP: Final = re.compile(r"key_|client_invalid|token_expired|(origin|region|feature)_not_allowed|rate_limited|quota")
RETURNED: Final = re.compile(r"Gone\(\"(other_browser|expired|order)\"")
# Functions that tell whether a secret is the right one.
COMPARING: Final = frozenset({"compare_digest", "matches", "is_form_token", "_from_own_page", "_is_local", "lives"})
SUBJECTS: Final = frozenset({"client_id", "user_id"})
SQL: Final = (
    (re.compile(r"(?:\w+\.|\{of\})?(?:client_id|user_id) = \?"), "? IS NOT NULL"),
    (re.compile(r"(?:\w+\.)?expires_at > \?"), "? IS NOT NULL"),
    (re.compile(r"\b(?:\w+\.)?(?:used_at|revoked_at) IS NULL"), "1 = 1"),
    (re.compile(r"c\.user_id = (?:a|gv)\.user_id|c\.client_id = (?:a|t)\.client_id"), "1 = 1"),
)
# Where these forms are no checks: clearing away, locking, counting, describing, drawing. A null is the whole file.
EXEMPT: Final[dict[str, set[str] | None]] = {
    "cli": None,
    "connectors": None,
    "core/compatibility": None,
    "demo.py": None,
    "services/connect/approving.py": {"approve"},
    "services/connect/starting.py": {"_begin"},
    "storage/memory/applications.py": {"add_secret", "delete", "_delete_cars", "_refuse_twin"},
    "storage/memory/tidying.py": None,
    "storage/sql/applications.py": {"_delete", "_former"},
    "storage/sql/lookup_keys.py": {"_add_api_key", "_revoke_api_key", "provided"},
    "storage/sql/migrations": None,
    "storage/sql/polls.py": None,
    "storage/sql/rotation.py": None,
    "storage/sql/tidying.py": None,
    "testing": None,
    "wire/doctor.py": None,
    "wire/v3/compatibility.py": None,
}
_RUN: Final = "services/connect/service.py"
_EXPIRED: Final = "        if self._sessions.expired(run):\n            return "
_STOPPED: Final = "        if stopped:\n            return math.ceil(max(stopped)) or 1\n        "
_ORIGIN: Final = "It has to be one of the application's JavaScript origins."
_OPEN: Final = 'text = sealer.open(sealed, "cursors", of, {}).reveal()'
# What has none of these forms: file, text, what comes in its place.
LISTED: Final = (
    ("http/oauth/protocol.py", "[CodeChallenge(required=False)]", "[]"),
    ("services/connect/approving.py", "        self._sessions.rotate(run, repeatable=True)\n", ""),
    ("http/connect/handlers.py", "HttpOnly; SameSite=Lax", "Path=/"),
    ("http/connect/handlers.py", "{'__Host-' if self._https else ''}", ""),
    ("http/connect/handlers.py", "{'; Secure' if self._https else ''}", ""),
    ("http/server.py", "forwarded_allow_ips=trusted_proxies,", 'forwarded_allow_ips="*",'),
    ("services/connect/request.py", "(application.rules.require_pkce and", "(False and"),
    ("services/connect/request.py", 'if method != "S256":', "if False:"),
    ("services/connect/starting.py", "        if stopped:\n", "        if False:\n"),
    (
        "services/connect/signing_in.py",
        _STOPPED + "if seconds",
        _STOPPED.replace("if stopped", "if False") + "if seconds",
    ),
    ("services/connect/signing_in.py", _STOPPED + "self._fa", _STOPPED.replace("if stopped", "if False") + "self._fa"),
    ("services/connect/signing_in.py", "wait = _left_s(run.record.wait_until, now)", "wait = 0"),
    ("services/connect/signing_in.py", "wait = _left_s(run.record.wait_until, self._tools.clock())", "wait = 0"),
    ("services/links.py", "capacity {client_id} {vehicle_id} {day}", "capacity {vehicle_id} {day}"),
    ("services/links.py", "capacity {client_id} {vehicle_id} {day}", "capacity {client_id} {day}"),
    ("services/links.py", "capacity {client_id} {vehicle_id} {day}", "capacity {client_id} {vehicle_id}"),
    ("storage/sealing.py", 'return "\\0".join((table, column, row)).encode()', 'return b""'),
    ("services/connect/request.py", f'raise _Bad(bad_value("app_origin", text).text, "{_ORIGIN}")', "pass"),
    (_RUN, "        if run.stale:\n            return Gone", "        if False:\n            return Gone"),
    (_RUN, _EXPIRED + "Gone", "        if False:\n            return Gone"),
    (_RUN, _EXPIRED + "await", "        if False:\n            return await"),
    (
        "services/connect/signing_in.py",
        '            self._sessions.rotate(run)\n        self._sessions.note(run, "extra',
        '            pass\n        self._sessions.note(run, "extra',
    ),
    ("services/connect/signing_in.py", "if failures >= MAX_FAILURES else", "if False else"),
    ("services/connect/throttle.py", "if used > self._limit.size - 1:", "if False:"),
    ("storage/cursors.py", _OPEN.format("client_id"), _OPEN.format('""')),
)


def find_all(root: Path = ROOT) -> list[Check]:
    """Return every check of the code below `root`."""
    checks = []
    for path in sorted((root / SOURCE).rglob("*.py")):
        file = path.relative_to(root / SOURCE).as_posix()
        text = path.read_text("utf-8")
        checks += [Check(_name(text, edit), (edit,)) for edit in _in_file(file, text)]
    return [*checks, *_listed(root), *_doors(root)]


def _name(text: str, edit: Edit) -> str:
    line = text.count("\n", 0, edit.start) + 1
    return f"{edit.file}:{line}: {' '.join(edit.old.split())[:90]}"


def _exempt(file: str, function: str) -> bool:
    for place, functions in EXEMPT.items():
        if file.startswith(place):
            return functions is None or function in functions
    return False


def _in_file(file: str, text: str) -> Iterator[Edit]:
    tree = ast.parse(text)
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    encoded = text.split("\n")

    def place(line: int, column: int) -> int:
        return starts[line - 1] + len(encoded[line - 1].encode()[:column].decode())

    seen: set[int] = set()
    for function, node in _nodes(tree):
        if _exempt(file, function):
            continue
        assert isinstance(node, ast.stmt | ast.expr)
        start, end = place(node.lineno, node.col_offset), place(node.end_lineno or 0, node.end_col_offset or 0)
        old = text[start:end]
        if isinstance(node, ast.Constant):
            if file.startswith("storage/sql/"):
                for edit in _in_sql(file, start, old):
                    if edit.start not in seen:
                        seen.add(edit.start)
                        yield edit
        elif new := _replacement(node, old):
            yield Edit(file, start, old, new)


def _nodes(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield statements, expressions and the texts of SQL, each with the function it is in."""
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(node, ast.JoinedStr):
            yield inside, ast.copy_location(ast.Constant(""), node)
            continue
        if isinstance(node, ast.stmt | ast.expr):
            yield inside, node
        yield from _nodes(node, inside)


def _in_sql(file: str, start: int, old: str) -> Iterator[Edit]:
    for pattern, new in SQL:
        for found in pattern.finditer(old):
            yield Edit(file, start + found.start(), found[0], new)


def _replacement(node: ast.AST, old: str) -> str | None:
    """Return what comes in the place of a check, null for what is none."""
    if isinstance(node, ast.Raise) and node.exc is not None:
        name = _called(node.exc)
        return "pass" if name in RAISED or (name == "LookupRefused" and LOOKUP.search(old)) else None
    if isinstance(node, ast.Return):
        return "pass" if RETURNED.search(old) and old.startswith("return Gone") else None
    if isinstance(node, ast.Expr):
        return "pass" if re.match(r"demand\(|self\._limit\.take\(", old) else None
    if isinstance(node, ast.Call):
        return "True" if _called(node) in COMPARING else None
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _of_comparison(node)
    return None


def _of_comparison(node: ast.Compare) -> str | None:
    (operator,), (right,) = node.ops, node.comparators
    if isinstance(operator, ast.Eq | ast.NotEq) and {_last(node.left), _last(right)} & SUBJECTS:
        return str(isinstance(operator, ast.Eq))
    if isinstance(operator, ast.In | ast.NotIn) and _last(right) in {"permissions", "granted"}:
        return str(isinstance(operator, ast.In))
    return None


def _called(node: ast.expr) -> str:
    return _last(node.func if isinstance(node, ast.Call) else node)


def _last(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _listed(root: Path) -> Iterator[Check]:
    for file, old, new in LISTED:
        text = (root / SOURCE / file).read_text("utf-8")
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        edit = Edit(file, text.index(old), old, new)
        yield Check(_name(text, edit), (edit,))


def _doors(root: Path) -> Iterator[Check]:
    """Yield the door of every row of the route table: taken away where requests are handed to it."""
    edits = []
    for file in ("http/edge.py", "http/application.py"):
        text, old = (root / SOURCE / file).read_text("utf-8"), "            if route.door:\n"
        assert text.count(old) == 1, file
        edits.append((file, text.index(old), old))
    for method, path in routes():
        new = f'            if route.door and (route.method, route.path) != ("{method}", "{path}"):\n'
        yield Check(f"door of {method} {path}", tuple(Edit(file, start, old, new) for file, start, old in edits))


def routes() -> list[tuple[str, str]]:
    """Return the rows of the route table that have a door of their own."""
    app, settings, memory = (import_module(f"carwire.{name}") for name in ("app", "settings", "storage.memory"))
    with tempfile.TemporaryDirectory() as folder:
        known = settings.Settings(data=Path(folder), pepper="00" * 32)
        made = app.build(known, "http://carwire.test", store=memory.MemoryStore())
        return sorted((route.method, route.path) for route in made.routes if route.door not in {None, "lookup"})


# The tests.

_MATRIX: Final = (
    "tests/http/test_isolation.py::test_nobody_reaches_what_is_not_theirs",
    "tests/http/v3/test_isolation.py::test_nobody_reaches_what_is_not_theirs",
)
_MATRIX_ON_DISK: Final = tuple(f"{each}_in_a_database" for each in _MATRIX)
_DOORS: Final = ("tests/http/test_door.py", "tests/services/test_access.py", "tests/services/test_accounts.py")
_BAD_CALLS: Final = ("tests/http/test_bad_calls.py", "tests/http/v3/test_bad_calls.py")
_WEBHOOKS: Final = (
    *("tests/services/test_webhooks.py", "tests/http/test_webhooks.py", "tests/http/v3/test_subscriptions.py"),
    *("tests/services/test_streaming.py", "tests/http/test_events.py"),
)
_LOOKUP: Final = ("tests/services/lookup", "tests/http/lookup")
# What notices a check in a file whose path begins like this; the first that fits. Tests on PostgreSQL are left out:
# what is found in SQL may be no statement there at all.
TESTS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "door of POST /v1/simulator/source",
        ("tests/connectors/simulator/test_remote.py::test_without_the_key_nobody_is_answered",),
    ),
    ("door of", tuple(f"{each}::test_no_door_opens_without_its_credentials" for each in _BAD_CALLS)),
    ("http/connect", ("tests/http/connect", "tests/services/connect")),
    ("http/door.py", (*_DOORS, "tests/http/test_limits.py", *_MATRIX, *_BAD_CALLS, "tests/http/v3/test_tokens.py")),
    ("http/edge.py", ("tests/http/v2/test_vehicles.py", "tests/http/test_bad_calls.py")),
    ("http/limits.py", ("tests/http/test_limits.py",)),
    ("http/lookup", _LOOKUP),
    ("http/oauth", ("tests/http/oauth",)),
    ("http/server.py", ("tests/http/test_proxies.py",)),
    ("http/v1", (*_WEBHOOKS, *_MATRIX, "tests/http/test_why.py")),
    ("http/v2", (*_MATRIX, "tests/http/v2")),
    ("http/v3", (*_MATRIX, "tests/http/v3")),
    ("http/web", ("tests/http/test_demo.py",)),
    ("kit", ("tests/kit", *_DOORS)),
    ("services/access", (*_DOORS, *_MATRIX)),
    ("services/accounts", (*_DOORS, *_MATRIX)),
    ("services/commands", ("tests/services/test_commands.py", *_MATRIX, "tests/http/v3/test_commands.py")),
    ("services/connect", ("tests/services/connect", "tests/http/connect")),
    ("services/credentials", ("tests/services/test_credentials.py", "tests/http/v3/test_tokens.py")),
    ("services/links", ("tests/services/test_links.py", "tests/http/connect")),
    ("services/lookup", _LOOKUP),
    ("services/observing", ("tests/services/test_observing.py", *_WEBHOOKS)),
    ("services/vehicles", (*_MATRIX, "tests/services", "tests/http/v3")),
    ("services/webhooks", (*_WEBHOOKS, *_MATRIX)),
    ("services", ("tests/services", *_MATRIX)),
    ("storage/memory", (*_MATRIX, "tests/storage", "tests/services", "tests/http/v3")),
    (
        "storage",
        (*_MATRIX_ON_DISK, "tests/storage", "tests/services", "tests/http/lookup", "tests/http/test_webhooks.py"),
    ),
    ("upstream", ("tests/upstream", "tests/http/v3/test_parity.py")),
    ("", (*_MATRIX, "tests/core", "tests/services", "tests/wire")),
)
_NOT: Final = "not postgres and not matrix_turns_red"


def tests_of(check: Check) -> tuple[str, ...]:
    """Return the tests that are to notice when a check is gone."""
    place = check.name if check.name.startswith("door of") else check.file
    return next(tests for beginning, tests in TESTS if place.startswith(beginning))


_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (tests/[^\s\[]+)", re.MULTILINE)
_RED: Final = 1  # pytest's status for tests that failed; others mean that it could not run them
_lately: Final[dict[tuple[str, ...], list[str]]] = {}  # the tests that noticed others of the same place: tried first


def tried(scratch: Path, check: Check, tests: tuple[str, ...]) -> str | None:
    """Return the test that turned red without a check, null when all stayed green."""
    before, known = (
        {file: (scratch / SOURCE / file).read_text("utf-8") for file in _files(check)},
        _lately.get(tests, []),
    )
    try:
        for edit in check.edits:
            text = before[edit.file]
            assert text[edit.start : edit.start + len(edit.old)] == edit.old, check.name
            changed = text[: edit.start] + edit.new + text[edit.start + len(edit.old) :]
            ast.parse(changed)
            (scratch / SOURCE / edit.file).write_text(changed, "utf-8")
        red = (_red(scratch, known[:8]) if known else None) or _red(scratch, tests)
    finally:
        for file, text in before.items():
            (scratch / SOURCE / file).write_text(text, "utf-8")
    if red and red not in known and "::" in red and _red(scratch, [red]) is None:  # it is green by itself, else
        _lately[tests] = known = [red, *known]
    return red


def _files(check: Check) -> set[str]:
    return {edit.file for edit in check.edits}


def _red(scratch: Path, tests: Iterable[str]) -> str | None:
    """Run tests and return the first that failed, null when none did."""
    status = _run(scratch, tests)
    if status == 0:
        return None
    if status == _LATE:
        return "a test that did not come to its end"
    output = (scratch / "output").read_text()
    named = _FAILED.search(output)
    if status not in {_RED, 2} or named is None:
        sys.exit(f"pytest ended with {status}:\n{output[-3000:]}")
    return named[1]


def _run(scratch: Path, tests: Iterable[str]) -> int:
    """Run tests in a process of their own, which has been forked to spare the imports of libraries."""
    child = os.fork()
    if child:
        end = time.monotonic() + _LIMIT_S
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(child, 9)
        os.waitpid(child, 0)
        return _LATE
    code = 3
    try:
        os.chdir(scratch)
        sys.path[:0] = [str(scratch), str(scratch / "src"), str(scratch / "client" / "src")]
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:3])  # for servers that tests start
        os.environ["COLUMNS"] = "1000"  # names of tests are cut off at the end of a line else
        with (scratch / "output").open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", _NOT]
        code = int(pytest.main([*options, "--basetemp", str(scratch / "temporary"), *tests]))
    finally:
        os._exit(code)


def copied(scratch: Path) -> None:
    """Copy what tests need, compiled, and load the libraries that every run needs."""
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", ".venv", "node_modules")
    for folder in ("src", "client", "tests", "tools", "docs"):
        shutil.copytree(ROOT / folder, scratch / folder, ignore=unwanted)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, scratch)
    for folder in ("src", "client", "tests"):
        compileall.compile_dir(scratch / folder, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    sys.dont_write_bytecode = True
    for library in ("litestar", "authlib.oauth2.rfc6749.grants", "structlog", "msgspec", "uvicorn", "jinja2"):
        import_module(library)


def main() -> None:
    """Try them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--list", action="store_true", help="list the checks and what notices each")
    parser.add_argument("--only", default="", help="try those whose name has this text")
    parser.add_argument("--tests", nargs="*", help="run these tests for each instead of the usual ones")
    parser.add_argument(
        "--at-once", action="store_true", help="do not run the tests with every check in its place first"
    )
    given = parser.parse_args()
    checks = [check for check in _in_child(find_all) if given.only in check.name]
    if given.list:
        for check in checks:
            print(f"{check.name}\n    {' '.join(tests_of(check))}")
        print(f"{len(checks)} checks")
        return
    survived = []
    with tempfile.TemporaryDirectory(prefix="carwire-checks-") as folder:
        scratch = Path(folder)
        copied(scratch)
        nothing = Check("nothing", ())
        every = tuple(dict.fromkeys(test for check in checks for test in given.tests or tests_of(check)))
        if not given.at_once and tried(scratch, nothing, every):
            sys.exit("red with every check in its place:\n" + (scratch / "output").read_text()[-3000:])
        for number, check in enumerate(checks, 1):
            begun = time.monotonic()
            red = tried(scratch, check, tuple(given.tests or tests_of(check)))
            how = f"red after {time.monotonic() - begun:.1f} s: {red}" if red else "GREEN"
            print(f"{number}/{len(checks)} {check.name}\n    {how}", flush=True)
            survived += [] if red else [check.name]
    print(f"{len(checks)} checks, {len(checks) - len(survived)} noticed, {len(survived)} not")
    for name in survived:
        print(f"  {name}")
    sys.exit(1 if survived else 0)


def _in_child(work: Callable[[], list[Check]]) -> list[Check]:
    """Find the checks in a process of their own, since the route table has to be imported for it."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(work)


if __name__ == "__main__":
    main()
