"""Refuses hosts at addresses that are not public.

A name that resolves to an address inside the network of the portal would let whoever controls the name reach services
there (SSRF). The socket is connected to one of the addresses that were checked, whatever the name resolves to later.
"""

import ipaddress
from collections.abc import Sequence

from handler.transport.connector import NotConnectedError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def only_public(addresses: Sequence[str]) -> None:
    """Raise NotConnectedError if a single one of the addresses of a host is private."""
    if not all(is_public(ipaddress.ip_address(each)) for each in addresses):
        raise NotConnectedError("PrivateAddress")


def is_public(address: Address) -> bool:
    """Tell whether an address is public, as is the IPv4 address that may be embedded in it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local:  # fec0::/10, which RFC 3879 has deprecated and Python calls global
            return False
        if (embedded := _embedded(address)) is not None:
            return is_public(embedded)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address to which packets for this address go, if there is one."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
