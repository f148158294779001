"""Network addresses as keys for limits."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carwire.kit.addresses import client_key


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:1::7", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("somebody", "somebody"),
    ],
)
def test_an_address_is_told_apart_as_far_as_one_connection_goes(address: str, key: str) -> None:
    assert client_key(address) == key


@given(st.integers(1, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_every_address_of_one_ipv6_network_is_the_same_caller(network: int, one: int, two: int) -> None:
    first, second = (client_key(str(IPv6Address(network << 64 | rest))) for rest in (one, two))
    assert first == second
    assert first != client_key(str(IPv6Address((network ^ 1) << 64 | one)))


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    assert client_key(client_key(text).removesuffix("/64")) == client_key(text)
