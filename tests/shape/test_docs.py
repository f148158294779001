"""The pages say what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import carwire_client
from carwire import settings
from carwire.cli import application_verbs, cli, simulator_verbs, webhook_verbs
from carwire_client import receiving, signals, v1, v3

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "client/README.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
sys.path.insert(0, str(ROOT / "tools"))
import reference_pages  # noqa: E402

GENERATED = reference_pages.pages()


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_what_the_code_would_write_now(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == GENERATED[name], "run make docs"


def test_every_setting_is_documented() -> None:
    page = GENERATED["docs/reference/settings.md"]
    assert [name for name, _, _ in settings.describe() if f"`{name}`" not in page] == []
    assert all(sentence for _, _, sentence in settings.describe())


def test_every_verb_and_all_that_it_takes_is_explained() -> None:
    page = GENERATED["docs/reference/cli.md"]
    assert "| `--data` |  |" not in page
    rows = re.findall(r"^\| `([^`]+)` \| (.*?) \|", page, re.MULTILINE)
    assert len(rows) > 150
    assert [name for name, sentence in rows if not sentence.strip()] == []
    for verb in (*cli, *(f"webhook {verb}" for verb in webhook_verbs), *(f"sim {verb}" for verb in simulator_verbs)):
        assert verb.rpartition(" ")[2].startswith("-") or f"\n## carwire {verb}" in page, verb


def test_every_public_name_of_the_sdk_is_in_its_reference() -> None:
    page = GENERATED["docs/reference/sdk.md"]
    told = set(re.findall(r"^### (\w+)$|^\| `(\w+)` \|", page, re.MULTILINE))
    names = {name for each in told for name in each} | set(re.findall(r"[├└]── (\w+)", page)) | {"Result", "Part"}
    assert {*carwire_client.__all__, *receiving.__all__} - names == {"__version__"}
    for module in (v1, v3):
        own = {f"### v{module.__name__[-1]}.{name}" for name in module.__all__ if is_result(getattr(module, name))}
        assert own <= set(page.splitlines())
        assert len(own) > 10
    assert [code for code in signals.CODES if f"| `{code}` |" not in page] == []
    assert {"#### Vehicle.odometer", "#### Client.iter_vehicles", "### Odometer"} <= set(page.splitlines())
    assert "0x" not in page  # no addresses of objects


def is_result(value: object) -> bool:
    """Tell whether something is a result of the SDK, or a part of one."""
    return isinstance(value, type) and issubclass(value, carwire_client.Result | carwire_client.Part)


def test_every_verb_of_the_command_line_is_named_in_a_page() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    verbs = [f"carwire {verb}" for verb in cli if not verb.startswith("-")]
    verbs += [f"carwire app {verb}" for verb in application_verbs if not verb.startswith("-")]
    verbs += [f"carwire webhook {verb}" for verb in webhook_verbs if not verb.startswith("-")]
    verbs += [f"carwire sim {verb}" for verb in simulator_verbs if not verb.startswith("-")]
    assert len(verbs) >= 16
    missing = [verb for verb in verbs if verb not in text and verb.rpartition(" ")[2] not in text]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8"))
    inside = [target for target in targets if "://" not in target]
    assert [target for target in inside if not (page.parent / target).exists()] == []


def test_every_target_of_the_makefile_that_a_page_names_exists() -> None:
    named = {t for page in PAGES for t in re.findall(r"`?make ([a-z]+)`?", page.read_text("utf-8"))}
    listed = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", listed, re.MULTILINE))
    assert {t for t in named if re.search(rf"make {t}\b", " ".join(p.read_text("utf-8") for p in PAGES))} & {
        "run",
        "test",
        "check",
        "bench",
        "setup",
        "docs",
        "format",
        "requirements",
    } <= targets


def test_the_version_is_one() -> None:
    out = subprocess.run([sys.executable, "-m", "carwire", "--version"], capture_output=True, text=True, check=True)
    from carwire import __version__

    assert out.stdout.strip() == __version__
