"""Which near-duplicates belong together: the connected components of "alike enough".

Whether two texts are alike depends on these two alone: they share a band and their signatures agree by
the threshold or more. A component takes the least of its members' marks as its name. So neither the order
of arrival nor the host that heard a text changes what the clusters are. One bound: of a band that more
than ``CROWD`` texts share, only the first ``CROWD`` to arrive are looked at.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Final, cast
from uuid import UUID

import numpy as np

from leadboost.domain.radar.minhash import similarity

CROWD: Final = 16


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of a text to find its copies by: the stored signature, and the keys of its bands."""

    signature: bytes
    bands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A text in the search for copies. ``cluster`` is what it belongs to already, if anything."""

    id: UUID
    mark: UUID
    signature: bytes
    cluster: UUID | None = None


@dataclass(frozen=True, slots=True)
class Moves:
    """What changes: the cluster of each of these texts, and the new name of each of these clusters."""

    texts: dict[UUID, UUID]
    clusters: dict[UUID, UUID]


def cluster_mark(content_hash: bytes) -> UUID:
    """Make a UUID, version 8, of the first 16 bytes of a content hash."""
    value = int.from_bytes(content_hash[:16], "big")
    return UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x8 << 76 | 0x2 << 62)


def pairs_within(fingerprints: Sequence[Fingerprint | None]) -> set[tuple[int, int]]:
    """Return the pairs of a batch that share a band, by their numbers, the lower first."""
    printed = [number for number, print_ in enumerate(fingerprints) if print_]
    bands = np.array([print_.bands for print_ in fingerprints if print_], np.int64)
    keys, places = bands.ravel(), np.repeat(printed, bands.shape[-1])
    order = np.argsort(keys, kind="stable")
    bounds = np.concatenate(([0], np.flatnonzero(np.diff(keys[order])) + 1, [keys.size]))
    pairs: set[tuple[int, int]] = set()
    for shared in np.flatnonzero(np.diff(bounds) > 1):
        crowd = places[order[bounds[shared] : bounds[shared + 1]]].tolist()
        pairs |= set(combinations(crowd[:CROWD], 2))
        pairs |= {(first, late) for late in crowd[CROWD:] for first in crowd[:CROWD]}
    return pairs


def join(members: Sequence[Member], pairs: Collection[tuple[int, int]], *, threshold: float) -> Moves:
    """Join those of the pairs, numbers of members, that are alike enough: by ``threshold``, a Jaccard
    similarity, or more."""
    texts: dict[UUID, UUID] = {}
    clusters: dict[UUID, UUID] = {}
    for member, name in _names(members, _alike(members, pairs, threshold)):
        if member.cluster is None:
            texts[member.id] = name
        elif member.cluster != name:
            clusters[member.cluster] = name
    return Moves(texts=texts, clusters=clusters)


def _alike(
    members: Sequence[Member], pairs: Collection[tuple[int, int]], threshold: float
) -> Sequence[tuple[int, int]]:
    if not pairs:
        return ()
    places = np.fromiter(chain.from_iterable(pairs), np.int64, 2 * len(pairs)).reshape(-1, 2)
    found = similarity([member.signature for member in members], places[:, 0], places[:, 1])
    return cast(list[tuple[int, int]], places[found >= threshold].tolist())


def _names(members: Sequence[Member], alike: Sequence[tuple[int, int]]) -> Iterator[tuple[Member, UUID]]:
    """Union-find; yields every member that has company, with the least mark of its component."""
    firsts: dict[UUID, int] = {}
    parents = [
        number if member.cluster is None else firsts.setdefault(member.cluster, number)
        for number, member in enumerate(members)
    ]

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    for one, other in alike:
        parents[root(one)] = root(other)
    touched = set(chain.from_iterable(alike))
    names: dict[int, UUID] = {}
    for number in touched:
        mark = members[number].cluster or members[number].mark
        names[root(number)] = min(mark, names.get(root(number), mark))
    return ((members[number], names[root(number)]) for number in touched)
