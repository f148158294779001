"""What is counted is documented, and what the dashboard asks for is counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.conftest import ROOT
from tests.installation import installed

REFERENCE = (ROOT / "docs" / "reference" / "metrics.md").read_text()
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "carwire.json").read_bytes())
_ROW = re.compile(r"^\| `(carwire_\w+)` \| (\w+) \| ([^|]*) \| ([^|]+) \|$", re.MULTILINE)
_OF_PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"}
_ADDED = {"job", "instance", "le"}  # by Prometheus, and by histograms


def documented() -> dict[str, tuple[str, set[str]]]:
    """Metric → kind and labels, as the reference has them."""
    rows = _ROW.findall(REFERENCE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _ in rows}


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = DASHBOARD["panels"]
    return found


def queries() -> Iterator[tuple[str, str]]:
    """Title and query of every panel."""
    for panel in panels():
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def test_every_metric_of_a_running_installation_is_in_the_reference(tmp_path: Path) -> None:
    seen: dict[str, tuple[str, set[str]]] = {}
    with installed(tmp_path) as made:
        api, worker = made.start("api", "api"), made.start("worker", "worker")
        made.connect(api)
        made.told(locked=True)
        made.lock(api, locked=False)
        made.told(locked=False)
        for process in (api, worker):
            for family in text_string_to_metric_families(process.get("/metrics")[1]):
                name = f"{family.name}_total" if family.type == "counter" else family.name
                labels = {label for sample in family.samples for label in sample.labels} - {"le"}
                kind, before = seen.get(name, (family.type, set()))
                seen[name] = kind, labels | before
    of_ours = {name: found for name, found in seen.items() if name.startswith("carwire_")}
    known = documented()
    assert of_ours.keys() == known.keys()
    for name, (kind, labels) in of_ours.items():
        assert kind == known[name][0]
        assert labels in (known[name][1], set()), name
    assert all(name.startswith(("process_", "python_")) for name in seen.keys() - of_ours.keys())
    assert seen.keys() >= _OF_PROCESS


@pytest.mark.parametrize(("title", "query"), list(queries()))
def test_a_query_of_the_dashboard_asks_for_what_is_counted(title: str, query: str) -> None:
    known = documented()
    asked = re.findall(r"\b((?:carwire|process|python)_\w+)(?:\{([^}]*)\})?", query)
    assert asked, title
    for name, selector in asked:
        base = re.sub(r"_bucket$", "", name)
        if base in _OF_PROCESS:
            continue
        assert base in known, name
        kind, labels = known[base]
        assert (kind == "histogram") is (base != name)
        assert (kind == "counter") is bool(re.search(rf"(rate|increase)\({name}\{{", query)) or kind == "histogram"
        assert {part.split("=")[0].rstrip("!~") for part in selector.split(",")} <= labels | _ADDED
        grouped = {label.strip() for found in re.findall(r"by \(([^)]*)\)", query) for label in found.split(",")}
        assert grouped <= labels | _ADDED
    assert query.count("(") == query.count(")")
    assert query.count("{") == query.count("}")


def test_a_legend_names_labels_that_are_left() -> None:
    for panel in panels():
        for target in panel.get("targets", ()):
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            grouped = re.findall(r"by \(([^)]*)\)", target["expr"])
            left = {label.strip() for each in grouped for label in each.split(",")} or {"instance"}
            assert named <= left, panel["title"]


def test_what_grows_in_the_reference_is_on_the_dashboard() -> None:
    text = " ".join(query for _, query in queries())
    assert [name for name in documented() if name not in text] == []


def test_panels_do_not_overlap_and_have_ids_of_their_own() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels():
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]
    assert len({panel["id"] for panel in panels()}) == len(panels())
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "job"}
