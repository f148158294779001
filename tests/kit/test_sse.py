"""Server-sent events: however they are cut into pieces, they are the same."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carwire.kit.sse import MAX_MESSAGE, Message, Reader, TooLong, written

ODD = '{"a":"Zürich\u2028\u2029\x85\x0b\x1c 5°"}'.encode()
TEXT = (
    written(ODD, event="VEHICLE_STATE", id="7.1")
    + b": alive\nid: 9\n\n"
    + b"retry: 1000\r\n\r\ndata:one\rdata: two\r\revent: gap\nid: \0\nnonsense\n: data: no\ndata\n\n"
    + b"event: nothing\n\nid\ndata: cut off\n"
)
MESSAGES = [
    Message("VEHICLE_STATE", ODD, "7.1"),
    Message("message", b"one\ntwo", "9"),
    Message("gap", b"", "9"),
]


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    reader, found = Reader(), []
    ends = sorted({0, *cuts, len(TEXT)})
    for start, end in itertools.pairwise(ends):
        found += reader.feed(TEXT[start:end])
    assert found == MESSAGES
    assert (reader.last_id, reader.retry_ms) == ("9", 1000)


def test_byte_for_byte() -> None:
    reader = Reader()
    assert [each for number in range(len(TEXT)) for each in reader.feed(TEXT[number : number + 1])] == MESSAGES


def test_the_id_of_a_message_that_was_cut_off_does_not_count() -> None:
    reader = Reader()
    assert reader.feed(b"id: 1\ndata: x\n\nid: 2\ndata: y\n") == [Message("message", b"x", "1")]
    assert reader.last_id == "1"
    assert reader.feed(b"\n") == [Message("message", b"y", "2")]
    assert reader.last_id == "2"


@pytest.mark.parametrize("piece", [b"x" * 1024, b"data: x\n" * 128], ids=["a line", "a message"])
def test_a_message_without_an_end_is_not_gathered_for_ever(piece: bytes) -> None:
    reader = Reader()
    with pytest.raises(TooLong):
        for _ in range(MAX_MESSAGE):
            reader.feed(piece)
