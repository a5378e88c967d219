"""Accounts: which key goes to which address, read from the environment once, before a run begins."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

from seedance_pipe.errors import Missing
from seedance_pipe.vendor.adapter import Facts
from seedance_pipe.vendor.registry import VENDORS


@dataclass(frozen=True, slots=True)
class Account:
    """A vendor's key, bound to the one base address that it may be sent to (no trailing slash)."""

    vendor: str
    base: str
    key: str = field(repr=False)

    @property
    def mark(self) -> str:
        """A name for this key at this address, from which neither can be told."""
        return hashlib.sha256(f"account\n{self.base}\n{self.key}".encode()).hexdigest()[:16]

    @property
    def loopback(self) -> str | None:
        """The origin of a base address on this machine over http: results may come from there; else None."""
        parts = urlsplit(self.base)
        return f"http://{parts.netloc}" if parts.scheme == "http" else None


def accounts(environ: Mapping[str, str], vendors: Iterable[str]) -> Mapping[str, Account]:
    """The account of each of `vendors`, by vendor.

    Raises Missing when a key is not set (it names every such variable) or cannot be one, and when a base
    address is neither https nor http on this machine.
    """
    facts = [VENDORS[name].FACTS for name in dict.fromkeys(vendors)]
    missing = [fact for fact in facts if not environ.get(fact.key_variable, "").strip()]
    if missing:
        wanted = " ".join(f"{fact.key_variable}=…" for fact in missing)
        raise Missing(
            "; ".join(f"no key for {fact.title}: {fact.key_variable} is not set" for fact in missing),
            next_step=f"export {wanted}, or try the story with --sandbox",
        )
    return MappingProxyType({fact.vendor: _account(fact, environ) for fact in facts})


def _account(fact: Facts, environ: Mapping[str, str]) -> Account:
    key = environ[fact.key_variable].strip()
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise Missing(
            f"{fact.key_variable} does not hold a key: it has characters that no key has",
            next_step=f"copy the key again from the console of {fact.title}",
        )
    base = environ.get(fact.base_variable, "").strip() or fact.base
    if not usable_base(base):
        raise Missing(
            f"{fact.base_variable} is not an address that a key may be sent to",
            next_step="give an https address, or http on this machine, without user, query or fragment",
        )
    return Account(fact.vendor, base.rstrip("/"), key)


def usable_base(address: str) -> bool:
    """Whether a key, or a file of the story, may go to `address`: https, or http that stays on this machine."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    plain = address.isascii() and address.isprintable() and " " not in address and "\\" not in address
    if not plain or parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _on_this_machine(parts))


def _on_this_machine(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
