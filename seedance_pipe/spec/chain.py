"""Shots that use what other shots give: the named shots must be there, and no shot may wait for itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seedance_pipe.spec.diagnostic import meant
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.wanted import Given

PREVIOUS = "previous"
_LONGEST = 20


@dataclass(frozen=True, slots=True)
class Link:
    """`shot` uses what `source` gives, because `given` says so."""

    shot: str
    source: str
    given: Given


def resolve(target: str, given: Given, before: str | None, ids: Collection[str], problems: Problems) -> str | None:
    """The id that `target` means in a shot that comes after `before`; None when there is no such shot."""
    if target == PREVIOUS:
        if before is None:
            problems.error(given.place, f"{given.key} in {given.where}: the first shot has no previous one")
        return before
    if target in ids:
        return target
    copies = [id_ for id_ in ids if id_.startswith(f"{target}-")]
    close = f"; there are {', '.join(copies[:_LONGEST])}" if copies else meant(target, (*ids, PREVIOUS))
    problems.error(given.place, f"{given.key} in {given.where}: there is no shot '{target}'{close}")
    return None


def check_cycles(links: Sequence[Link], problems: Problems) -> None:
    """Tell each cycle once, at that of its links which comes first."""
    turn = {id(link): index for index, link in enumerate(links)}
    following: dict[str, list[Link]] = {}
    for link in links:
        following.setdefault(link.shot, []).append(link)
    done: set[str] = set()
    for start in following:
        for cycle in _cycles_from(start, following, done):
            first = min(range(len(cycle)), key=lambda index: turn[id(cycle[index])])
            turned = (*cycle[first:], *cycle[:first])
            chain = ring([link.shot for link in turned])
            given = turned[0].given
            problems.error(given.place, f"{given.key} in {given.where}: shots wait for each other: {chain}")


def ring(names: Sequence[str]) -> str:
    """The names of a cycle, back to the first; of a long one the beginning."""
    return " -> ".join((*names[:_LONGEST], *(["..."] if names[_LONGEST:] else []), names[0]))


def _cycles_from(start: str, following: Mapping[str, list[Link]], done: set[str]) -> Iterator[tuple[Link, ...]]:
    """The cycles that can be reached from `start`, without recursion; every shot passed is then `done`."""
    trail: list[Link] = []
    open_: dict[str, int] = {start: 0}
    waiting = [iter(following.get(start, ()))] if start not in done else []
    while waiting:
        link = next(waiting[-1], None)
        if link is None:
            waiting.pop()
            name = next(reversed(open_))
            del open_[name]
            done.add(name)
            if trail:
                trail.pop()
        elif link.source in open_:
            yield (*trail[open_[link.source] :], link)
        elif link.source not in done:
            trail.append(link)
            open_[link.source] = len(trail)
            waiting.append(iter(following.get(link.source, ())))
