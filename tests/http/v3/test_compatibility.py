"""``GET /v3/compatible-vehicles``: the lines of v2.0's matrix, with the signals and commands they open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.conftest import Owned, built

from carwire.core.countries import MARKETS
from carwire.core.permissions import PERMISSIONS
from carwire.core.signals.catalogue import signals
from carwire.http.v3.vehicles import LISTED

PATH = "/v3/compatible-vehicles"
COMMANDS = {
    *("charge-start", "charge-stop", "charge-setlimit", "charge-openport", "charge-closeport"),
    *("closure-lock", "closure-unlock", "navigation-setdestination"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("compatible")) as client:
        yield client


@pytest.fixture(scope="module")
def whole(place: Owned) -> list[dict[str, Any]]:
    return read(place, "page[size]=500")


def read(place: Owned, query: str) -> list[dict[str, Any]]:
    """Every line, page by page."""
    found: list[dict[str, Any]] = []
    target: str | None = f"{PATH}?{query}"
    while target:
        answer = place.ask("GET", target)
        assert answer.status == 200, answer
        body = answer.json()
        assert list(body) == ["data", "meta", "links"]
        assert body["meta"].keys() == {"page", "pageSize", "totalCount"}
        found += body["data"]
        following = body["links"]["next"]
        target = following and f"{PATH}?{urlsplit(following).query}"
    assert len(found) == body["meta"]["totalCount"]
    return found


def test_it_needs_no_credentials_and_may_be_kept_for_a_day(place: Owned) -> None:
    answer = place.ask("GET", PATH)
    assert answer.status == 200
    assert answer.header("cache-control") == "public, max-age=86400"
    for header in (place.machine, place.basic, (b"authorization", b"Bearer nonsense")):
        assert place.ask("GET", PATH, [header]).body == answer.body
    again = place.ask("GET", PATH, [(b"if-none-match", (answer.header("etag") or "").encode())])
    assert (again.status, again.body) == (304, b"")
    assert again.header("cache-control") == "public, max-age=86400"
    assert len(answer.json()["data"]) == 100


def test_an_owners_token_gets_the_form_of_the_preview(place: Owned) -> None:
    car = place.connect()
    body = place.ask("GET", PATH + "?page=2&pageSize=3", [car.bearer]).json()
    assert body["meta"]["page"] == 2
    assert body["links"]["self"] == "/compatible-vehicles?page=2&pageSize=3"
    assert body["links"]["previous"].endswith("?page=1&pageSize=3")


def test_every_line_has_the_form_of_the_contract(whole: list[dict[str, Any]]) -> None:
    assert len({row["id"] for row in whole}) == len(whole) > 1000
    for row in whole:
        attributes = row["attributes"]
        years = attributes["years"]
        assert row["type"] == "vehicle-model-capability"
        assert attributes["make"] == attributes["make"].upper()
        assert attributes["region"] in MARKETS
        assert 1990 < years["start"] <= years["end"] < 2030
        assert row["id"] == "-".join(map(str, (
            *(attributes["make"], attributes["model"], years["start"], years["end"]),
            *(attributes["powertrainType"], attributes["region"]),
        )))  # fmt: skip
        for each in attributes["capabilities"]:
            assert list(each) == ["type", "name", "group", "code", "capability", "permission"]
            assert each["permission"] in PERMISSIONS
            if each["type"] == "signal":
                signal = signals()[each["code"]]
                assert each["code"] in LISTED
                assert signal.suits(attributes["powertrainType"])
                assert (each["name"], each["group"], each["permission"]) == (
                    signal.name,
                    signal.group,
                    signal.permission,
                )
            else:
                assert each["code"] in COMMANDS
                assert re.sub("[^a-z-]", "", f"{each['group']}-{each['name']}".lower()) == each["code"]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("filter[region]=EUROPE", lambda row: row["region"] == "EUROPE"),
        ("filter[region]=europe", lambda row: row["region"] == "EUROPE"),
        ("filter[make]=Tesla", lambda row: row["make"] == "TESLA"),
        ("filter[make]=LAND%20ROVER", lambda row: row["make"] == "LAND ROVER"),
        ("filter[make]=nobody", lambda _: False),
        ("filter[powertrainType]=phev", lambda row: row["powertrainType"] == "PHEV"),
        ("filter[make]=kia&filter[region]=US&filter[powertrainType]=BEV",
         lambda row: (row["make"], row["region"], row["powertrainType"]) == ("KIA", "US", "BEV")),
    ],
)  # fmt: skip
def test_filters_leave_what_they_name(place: Owned, whole: list[dict[str, Any]], query: str, holds: Any) -> None:
    wanted = [row for row in whole if holds(row["attributes"])]
    assert read(place, query + "&page[size]=500") == wanted
    assert bool(wanted) is ("nobody" not in query)


def test_it_has_the_lines_of_the_matrix(place: Owned, whole: list[dict[str, Any]]) -> None:
    for region in MARKETS:
        matrix = place.get(f"/v2.0/compatibility/matrix?region={region}").json()
        named = {(make, line["model"], line["startYear"]) for make, lines in matrix.items() for line in lines}
        rows = [row["attributes"] for row in whole if row["attributes"]["region"] == region]
        assert {(row["make"], row["model"], row["years"]["start"]) for row in rows} == named
        permissions = {
            (make, line["model"], line["startYear"], line["type"]): set(line["permissions"])
            for make, lines in matrix.items()
            for line in lines
        }
        for row in rows:
            opened = {each["permission"] for each in row["capabilities"]}
            assert opened <= permissions[row["make"], row["model"], row["years"]["start"], row["powertrainType"]]


def test_links_repeat_filters_as_they_were_understood(place: Owned) -> None:
    links = place.ask("GET", f"{PATH}?filter[region]=us&filter[make]=kia&page[size]=1").json()["links"]
    base = f"{place.base_url}{PATH}?filter%5Bregion%5D=US&filter%5Bmake%5D=kia"
    assert links["self"] == f"{base}&page%5Bnumber%5D=1&page%5Bsize%5D=1"
    assert links["next"] == f"{base}&page%5Bnumber%5D=2&page%5Bsize%5D=1"
    assert links["prev"] is None
