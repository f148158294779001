"""Which addresses a connection to the outside may go to.

Closed is everything that is not reachable by all the world. Sources: the IANA registries of special-purpose addresses
for IPv4 and IPv6 (RFC 6890), RFC 4291 for the forms of IPv6; and one address of a cloud that is public and serves the
machine's own secrets.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

_CLOSED_IPV4: Final = tuple(
    map(
        IPv4Network,
        [
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by customers of a carrier; a cloud's metadata at 100.100.100.200
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's own services, metadata among them
            "169.254.0.0/16",  # link-local; most clouds' metadata at 169.254.169.254
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments; a cloud's metadata at 192.0.0.192
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4, given up
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ],
    )
)
# Of IPv6 only this is handed out to the world: not loopback, unique local, link-local, site-local, multicast, nor the
# forms that hold an IPv4 address.
_HANDED_OUT: Final = IPv6Network("2000::/3")
_CLOSED_IPV6: Final = tuple(
    map(
        IPv6Network,
        [
            "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, given up
            "3fff::/20",  # documentation
        ],
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052


class Networks(tuple[Network, ...]):
    """Networks, written with commas between them."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Networks:
        """Read networks; a bare address is the network of itself. Raises `ValueError` for what is none, and for one
        with bits beyond its mask.

        >>> str(Networks.read("192.168.1.0/24, fd00::/8,10.0.0.7"))
        '192.168.1.0/24,fd00::/8,10.0.0.7/32'
        """
        if "%" in text:
            msg = "a network has no zone"
            raise ValueError(msg)
        return cls(ip_network(part.strip()) for part in text.split(","))

    def __str__(self) -> str:
        return ",".join(map(str, self))


def may_reach(address: str, opened: Iterable[Network], *, plain: bool) -> bool:
    """Tell whether a connection may go to an address: one of the opened networks, or a public one unless it is `plain`,
    that is without TLS. An IPv4 address inside of an IPv6 one counts as itself.

    >>> [may_reach(each, (), plain=False) for each in ("1.1.1.1", "10.0.0.7", "::ffff:10.0.0.7", "2606:4700::1")]
    [True, False, False, True]
    >>> may_reach("10.0.0.7", Networks.read("10.0.0.0/24"), plain=True), may_reach("1.1.1.1", (), plain=True)
    (True, False)
    """
    try:
        parsed = _innermost(ip_address(address))
    except ValueError:
        return False
    if "%" in address:
        return False
    return any(parsed in network for network in opened) or (not plain and _is_public(parsed))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_IPV4)
    return address in _HANDED_OUT and not any(address in network for network in _CLOSED_IPV6)


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Look inside the two forms by which packets still get to an IPv4 address: mapped, and NAT64."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address
