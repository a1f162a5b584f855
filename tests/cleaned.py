"""Signals as Scout hands them to the store, and the clusters that the store makes of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from leadboost.clock import Rng, SystemClock, uuid7
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.domain.radar.cleaning import Cleaner, Knowledge
from leadboost.domain.radar.policy import Policy
from leadboost.domain.signal import Signal, content_hash
from leadboost.ports import NewSignal
from leadboost.store.database import Database

PSEUDONYMS = Pseudonyms(b"k" * 32)

_CLOCK, _RNG = SystemClock(), Rng(11)


def cleaned(*signals: Signal, policy: Policy | None = None) -> list[NewSignal]:
    """Clean signals by a policy that lets all in, unless told otherwise."""
    findings = Cleaner(policy or Policy(min_chars=1), Knowledge(), PSEUDONYMS).clean(signals)
    return [
        NewSignal(
            id=uuid7(_CLOCK, _RNG),
            content_hash=content_hash(signal),
            signal=keyed(signal),
            finding=finding,
            item=PSEUDONYMS.item(signal.source, signal.external_id),
        )
        for signal, finding in zip(signals, findings, strict=True)
    ]


def keyed(signal: Signal) -> Signal:
    """The signal with its author's pseudonym."""
    return replace(signal, author=signal.author and PSEUDONYMS.author(signal.author))


def articles(texts: Mapping[str, str], *, source: str = "wire") -> list[NewSignal]:
    """Clean texts by their ids at the source."""
    return cleaned(*(Signal(source=source, external_id=id_, text=text) for id_, text in texts.items()))


async def clusters_of(database: Database) -> frozenset[tuple[str, frozenset[str]]]:
    """Return each cluster's name with the external ids of its members."""
    async with database.session() as session:
        rows = await session.fetch(
            "SELECT cluster_name(cluster)::text, array_agg(external_id) FROM raw_signals"
            " WHERE cluster IS NOT NULL GROUP BY 1"
        )
    return frozenset((name, frozenset(members)) for name, members in rows)


def members_of(clusters: Iterable[tuple[str, frozenset[str]]]) -> set[frozenset[str]]:
    """Leave the names of clusters out."""
    return {members for _, members in clusters}
