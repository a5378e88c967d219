"""The address guard: where a download may go, decided on resolved addresses before anything is sent.

An address comes from a vendor's answer and is not trusted: it must be https, and lead out of this machine
and its network. What was checked is what gets connected to, so a name cannot change its mind in between.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

from seedance_pipe.errors import VendorFailed

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The numeric addresses of a host name; raises OSError when it has none."""

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\.?")
# The only part of IPv6 in which addresses of the internet are handed out.
_HANDED_OUT = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: any of `addresses` (numeric) may be connected to, and no other.

    `host` is the name for TLS and for the Host header; `request` is path and query, byte for byte as given.
    """

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]
    request: str

    def __repr__(self) -> str:
        return f"Target({self.scheme}://{self.host}:{self.port})"

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"


async def check(address: str, *, loopback: str | None, resolve: Resolve) -> Target:
    """The target that `address` means. `loopback` is an http origin on this machine that results may come
    from, because the API itself is there. Raises VendorFailed for an address that is refused, and OSError
    for a name that cannot be resolved.
    """
    parts, port = _parse(address)
    host = _host(parts)
    request = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if loopback is not None and (parts.scheme, host, port) == _origin(loopback):
        return Target(parts.scheme, host, port, (host,), request)
    if parts.scheme != "https":
        raise _refused("it is not https")
    literal = _literal(host)
    addresses = [str(literal)] if literal else list(await resolve(host, port))
    if not addresses:
        raise OSError(f"{host} has no address")
    if not all(leads_out(found) for found in addresses):
        raise _refused("it leads into this machine or its network")
    return Target("https", host, port, tuple(dict.fromkeys(addresses)), request)


def leads_out(address: str) -> bool:
    """Whether a numeric address is one of the public internet, also where it wraps another one."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return all(_public(inner) for inner in _wrapped(found))


def redirected(address: str, location: str) -> str:
    """The address that a redirect from `address` leads to. Raises VendorFailed for one that makes no sense."""
    try:
        return urljoin(address, location)
    except ValueError:
        raise _refused("it leads on to one that cannot be read") from None


def _public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _HANDED_OUT:
        return False
    return address.is_global and not address.is_multicast


def _wrapped(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    """The addresses that must all be public: an IPv4 address inside an IPv6 one counts for itself."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return (*address.teredo, address)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return (address,)


def _parse(address: str) -> tuple[SplitResult, int]:
    if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        raise _refused("it has characters that no address has")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise _refused("it cannot be read") from None
    if parts.scheme not in ("https", "http"):
        raise _refused("it is not https")
    if "@" in parts.netloc:
        raise _refused("it carries a user name")
    return parts, port or {"https": 443, "http": 80}[parts.scheme]


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if _literal(host):
        return host
    if not _NAME.fullmatch(host):
        raise _refused("its host is not a name")
    # Resolvers read `2130706433`, `127.1` and `0x7f.1` as addresses; a public name never ends in a number.
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise _refused("its host is a number in disguise")
    return host


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _origin(address: str) -> tuple[str, str, int]:
    parts = urlsplit(address)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or 80


def _refused(why: str) -> VendorFailed:
    # The address itself stays out of the message: it is signed.
    return VendorFailed(
        f"the vendor gave an address for a result that is not followed: {why}",
        next_step="run again to ask for a new one: the clip is paid for, and is fetched before anything is bought",
    )
