"""Network addresses as keys for limits: one key for each caller that has only one line."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address


def client_key(address: str) -> str:
    """Return what tells callers apart: an IPv4 address, or the /64 network of an IPv6 one, which is one connection.

    An IPv4 address written as IPv6 (RFC 4291, 2.5.5.2) is the IPv4 one. What is no address stays as it is.

    >>> client_key("2001:db8:1:2:3::4"), client_key("::ffff:192.0.2.1"), client_key("unix")
    ('2001:db8:1:2::/64', '192.0.2.1', 'unix')
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False))
