"""Which addresses a story may name: public `https:` ones, and the loopback of a rehearsal.

An address in a story is passed on to the vendor as it is; nothing here asks the network about it.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "test", "invalid")
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?", re.IGNORECASE)


def refusal(url: str, *, loopback: bool) -> str:
    """Why a story may not name `url`, or nothing when it may. With `loopback`, `http:` to this machine too."""
    if " " in url or not url.isprintable():
        return "holds a space or a line break; write %20 for a space"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not an address"
    if loopback and parts.scheme in ("http", "https") and _is_loopback(host):
        return ""
    if parts.scheme != "https":
        return "must begin with https://"
    return _refused_host(parts, host, port)


def _refused_host(parts: SplitResult, host: str, port: int | None) -> str:
    if "@" in parts.netloc:
        return "holds a user name or password; take it out"
    if _is_number(host):
        return "names a machine by its number; write its name"
    # A numeric last label is how `127.1` and `2130706433` hide an address from a reader.
    if not _HOST.fullmatch(_plain(host)) or host.rstrip(".").rpartition(".")[2].isdigit():
        return "names no public machine"
    if "." not in host.rstrip(".") or any(_ends_in(host, name) for name in _LOCAL_NAMES):
        return "names a machine that the vendor cannot reach"
    return "names port 0" if port == 0 else ""


def _plain(host: str) -> str:
    """The host in the letters that the network uses; empty when it has none."""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _ends_in(host: str, name: str) -> bool:
    host = host.rstrip(".").lower()
    return host == name or host.endswith(f".{name}")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return re.fullmatch(r"0x[0-9a-f]+", host, re.IGNORECASE) is not None
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
