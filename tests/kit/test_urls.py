"""Which URLs an endpoint may have, and which addresses are public."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from tests.senders.urls import ADDRESSES, REFUSED_AS_WRITTEN, RIGHT_AS_WRITTEN

from carwire.kit.networks import Networks, may_reach
from carwire.kit.urls import MAX_URL, check_url

SHOWN = 60


@pytest.mark.parametrize("url", REFUSED_AS_WRITTEN, ids=lambda url: ascii(url[:SHOWN]))
def test_an_odd_url_is_refused_with_a_sentence(url: str) -> None:
    assert (check_url(url) or "").startswith("must ")


@pytest.mark.parametrize("url", RIGHT_AS_WRITTEN, ids=lambda url: url[:SHOWN])
def test_a_url_that_is_written_right_is_taken(url: str) -> None:
    assert check_url(url) is None


def test_the_longest_url_is_taken_and_one_more_is_not() -> None:
    url = "https://example.org/".ljust(MAX_URL, "a")
    assert (check_url(url), check_url(url + "a")) == (None, "must have at most 2048 characters")


@pytest.mark.parametrize("host", ADDRESSES)
def test_no_address_of_the_corpus_is_public(host: str) -> None:
    address = host.strip("[]")
    assert not may_reach(address, (), plain=False)
    assert not may_reach(address, (), plain=True)


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
        *(
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
        ),
        *("192.0.1.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "1.0.0.0"),
        *(
            "2606:4700::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2a00::1",
            "2003::1",
            "3ffe:ffff::1",
            "64:ff9b::808:808",
        ),
        *("::ffff:1.1.1.1", "2001:db9::1", "2001:db7:ffff::1"),
    ],
)
def test_their_neighbours_are(address: str) -> None:
    assert may_reach(address, (), plain=False)
    assert not may_reach(address, (), plain=True)


@pytest.mark.parametrize(
    "address", ["", "localhost", "127.1", "fe80::1%1", "1.1.1.1%1", "2606:4700::1%0", "1.1.1.1/32"]
)
def test_what_is_no_plain_address_is_not_reached(address: str) -> None:
    assert not may_reach(address, Networks.read("0.0.0.0/0,::/0"), plain=False)


@pytest.mark.parametrize("network", ["192.168.1.0/24", "10.1.0.0/30", "fd00:1::/64", "127.0.0.1/32", "::1/128"])
def test_an_opened_network_is_open_to_its_last_address_and_no_further(network: str) -> None:
    opened, each = Networks.read(network), ip_network(network)
    for address in (each[0], each[-1]):
        assert may_reach(str(address), opened, plain=True)
        assert may_reach(str(address), opened, plain=False)
    for outside in (int(each[0]) - 1, int(each[-1]) + 1):
        address = ip_address(outside) if each.version == 4 else type(each[0])(outside)
        assert not may_reach(str(address), opened, plain=True)
        assert not may_reach(str(address), opened, plain=False)


@pytest.mark.parametrize(
    "text", ["", ",", "home", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8;::1", "fe80::%1/64", "1.2.3"]
)
def test_networks_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Networks.read(text)
