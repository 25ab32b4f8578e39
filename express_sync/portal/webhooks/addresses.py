"""Resolves the host of an endpoint, and refuses addresses that are not public.

A name that resolves to an address inside the network of the portal would let whoever controls the name reach services
there (SSRF). The socket is then connected to an address that was checked, whatever the name resolves to later.
"""

import ipaddress
import queue
import socket
import threading

from handler.transport.deadline import Deadline

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressError(Exception):
    """The host cannot be resolved or reached, or may not be called; the text is a code."""


def resolve(host: str, port: int, deadline: Deadline, *, is_private_allowed: bool) -> list[str]:
    """Return the addresses of a host. AddressError; also if a single one of them is private and may not be called."""
    found = _lookup(host, port, deadline)
    if not found:
        raise AddressError("NameNotResolved")
    if not is_private_allowed and not all(is_public(ipaddress.ip_address(each)) for each in found):
        raise AddressError("PrivateAddress")
    return found


def is_public(address: Address) -> bool:
    """Tell whether an address is public, as is the IPv4 address that may be embedded in it."""
    embedded = _embedded(address) if isinstance(address, ipaddress.IPv6Address) else None
    if embedded is not None:
        return is_public(embedded)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address to which packets for this address go, if there is one."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def _lookup(host: str, port: int, deadline: Deadline) -> list[str]:
    """Return the addresses, none if the name does not resolve by the deadline; the resolver cannot be interrupted."""
    resolved: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            resolved.put([])
        else:
            resolved.put([str(address[0]).partition("%")[0] for _, _, _, _, address in found])

    threading.Thread(target=look_up, daemon=True).start()
    try:
        return resolved.get(timeout=deadline.left())
    except queue.Empty:
        return []
