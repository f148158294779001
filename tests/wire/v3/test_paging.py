"""Pages: which one is asked for, and links that lead through the whole list and nowhere else."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.v3.samples import GA, PREVIEW, VIEWS, written

from carwire.core.errors import InvalidInput
from carwire.wire.v3 import paging
from carwire.wire.v3.envelope import View, listed
from carwire.wire.v3.paging import MAX_NUMBER, Page, Sizes, link_to, pages, read_page

SIZES = st.integers(1, 500)
TOTALS = st.integers(0, 5000)
LISTS = {
    "connections": paging.CONNECTIONS,
    "subscriptions": paging.SUBSCRIPTIONS,
    "webhooks": paging.WEBHOOKS,
    "compatible": paging.COMPATIBLE,
}
FILTERS = st.lists(st.tuples(st.sampled_from(["filter[a]", "filter[b.c]"]), st.text(max_size=10)), max_size=3)


def query(link: str) -> dict[str, str]:
    """The query of a link, decoded."""
    return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True, strict_parsing=True))


def a_page(view: View, page: Page, total: int) -> Any:
    """An empty page of a list."""
    return written(listed([], view, "/things", page, total, filters=(("filter[vehicle.mode]", "live"),)))


@pytest.mark.parametrize(("name", "size"), [("connections", 10), ("subscriptions", 25), ("webhooks", 50)])
def test_a_list_has_its_own_page_size(name: str, size: int) -> None:
    assert read_page({}, LISTS[name]) == Page(1, size)
    assert read_page({"page[size]": "100", "page[number]": "7"}, LISTS[name]) == Page(7, 100)
    with pytest.raises(InvalidInput, match=r"page\[size\]: must be a whole number from 1 to 100"):
        read_page({"page[size]": "101"}, LISTS[name])


def test_signals_come_on_one_page_unless_asked_otherwise() -> None:
    assert read_page({}, paging.SIGNALS, 93) == Page(1, 93)
    assert read_page({}, paging.SIGNALS, 0) == Page(1, 1)
    assert read_page({"page[size]": "5"}, paging.SIGNALS, 93) == Page(1, 5)


@pytest.mark.parametrize("text", ["0", "-1", "", " 1", "1.0", "x", "1e3", "٣", "1" * 30, str(MAX_NUMBER + 1)])
def test_a_page_that_is_no_number_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_page({"page[number]": text, "page[size]": "0"}, paging.WEBHOOKS)
    assert [each.field for each in caught.value.fields] == ["page[number]", "page[size]"]
    with pytest.raises(InvalidInput) as caught:
        read_page({"page": text}, paging.WEBHOOKS, short=True)
    assert [each.field for each in caught.value.fields] == ["page"]


def test_each_generation_reads_its_own_names() -> None:
    both = {"page": "2", "pageSize": "3", "page[number]": "4", "page[size]": "5"}
    assert read_page(both, paging.WEBHOOKS) == Page(4, 5)
    assert read_page(both, paging.WEBHOOKS, short=True) == Page(2, 3)


@given(st.dictionaries(st.sampled_from(["page[number]", "page[size]"]), st.text(max_size=12)), SIZES)
def test_whatever_is_asked_for_is_a_page_within_bounds_or_invalid_input(params: dict[str, str], most: int) -> None:
    try:
        found = read_page(params, Sizes(min(10, most), most))
    except InvalidInput as error:
        assert {each.field for each in error.fields} <= params.keys()
    else:
        assert 1 <= found.number <= MAX_NUMBER
        assert 1 <= found.size <= most


@given(TOTALS, SIZES, st.integers(1, 6000))
def test_the_pages_around_one_exist(total: int, size: int, number: int) -> None:
    around = pages(Page(number, size), total)
    assert (around.last - 1) * size < max(1, total) <= around.last * size
    assert around.next is None or number < around.next <= around.last
    assert around.prev is None or 1 <= around.prev < number
    assert (around.prev is None) is (number == 1)
    assert (around.next is None) is (number >= around.last)
    assert around.prev is None or around.prev <= around.last


@given(st.integers(0, 60), st.integers(1, 20), st.sampled_from(VIEWS))
def test_following_next_from_first_shows_everything_once(total: int, size: int, view: View) -> None:
    names = ("page", "pageSize") if view.preview else ("page[number]", "page[size]")
    seen: list[int] = []
    link = a_page(view, Page(1, size), total)["links"]["first"]
    sizes = Sizes(10, 20)
    while link:
        page = read_page(query(link), sizes, short=view.preview)
        assert {*names, "filter[vehicle.mode]"} == query(link).keys()
        seen += range(page.offset, min(page.offset + page.size, total))
        found = a_page(view, page, total)["links"]
        assert found["self"] == link
        last, link = found["last"], found.get("next")
    assert seen == list(range(total))
    assert found["self"] == last


@given(FILTERS, st.integers(1, 99), SIZES)
def test_a_link_holds_its_filters_and_no_bare_bracket(filters: list[tuple[str, str]], number: int, size: int) -> None:
    link = link_to("https://x.test/v3/y", filters, number, size)
    assert link.isascii()
    assert not set('[] +"<>') & set(link)
    pairs = parse_qsl(urlsplit(link).query, keep_blank_values=True, strict_parsing=True)
    assert pairs == [*filters, ("page[number]", str(number)), ("page[size]", str(size))]


def test_ends_are_null_in_one_generation_and_left_out_in_the_other() -> None:
    only = a_page(GA, Page(1, 10), 3)["links"]
    assert (only["next"], only["prev"]) == (None, None)
    assert list(a_page(PREVIEW, Page(1, 10), 3)["links"]) == ["self", "first", "last"]
    assert list(a_page(PREVIEW, Page(2, 1), 3)["links"]) == ["self", "first", "last", "next", "previous"]


def test_the_meta_of_a_list_has_the_names_of_its_generation() -> None:
    def meta(view: View, **more: Any) -> dict[str, object]:
        found: dict[str, object] = written(listed([], view, "/x", Page(2, 5), 8, **more))["meta"]
        return found

    assert meta(GA) == {"pageNumber": 2, "pageSize": 5, "totalCount": 8}
    order = ("createdAt", "DESC")
    assert meta(GA, order=order) == {**meta(GA), "orderBy": "createdAt", "orderDirection": "DESC"}
    assert meta(PREVIEW) == meta(PREVIEW, order=order) == {"page": 2, "pageSize": 5, "totalCount": 8}


def test_a_page_is_immutable() -> None:
    with pytest.raises(AttributeError):
        Page(1, 2).number = 3  # type: ignore[misc]
    assert msgspec.structs.asdict(Page(3, 7)) == {"number": 3, "size": 7}
    assert Page(3, 7).offset == 14
