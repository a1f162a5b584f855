"""What sources say, and how long it is kept."""

from collections.abc import Sequence
from datetime import timedelta

from leadboost.actors.retention import FIRST_S, Retention
from leadboost.actors.scout import Intake, Scout
from leadboost.adapters.sources import make_source_client, make_sources
from leadboost.composition.wiring import OTHER, Wiring
from leadboost.config import Settings
from leadboost.connectors.client import WebClient
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.folder import DataFolder
from leadboost.ports import Source
from leadboost.runtime import Stage
from leadboost.store.authors import agree_on_key
from leadboost.store.erasure import PgErasureStore
from leadboost.store.grants import PgGrantStore
from leadboost.store.quotas import PgQuotaStore
from leadboost.store.radar import PgKnowledgeStore
from leadboost.store.receipts import PgReceiptStore
from leadboost.store.retention import PgRetentionStore
from leadboost.store.signals import PgSignalStore
from leadboost.store.sources import PgSourceStore


class Hearing:
    """Scout with its sources, and Retention."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._client: WebClient | None = None
        self._intake = Intake()

    def stage(self) -> Stage:
        """The stage of them."""
        return self._wiring.stage(name="hearing", start=self._start, stop=self._stop, stop_s=0.6)

    async def _start(self) -> None:
        settings = self._wiring.settings
        self._pseudonyms = make_pseudonyms(settings)
        await agree_on_key(self._wiring.store, self._pseudonyms, replace=settings.radar.replace_author_key)
        sources = self._make_sources()
        await self._wiring.spawn("scout", lambda: self._make_scout(sources), OTHER)
        await self._wiring.spawn("retention", self._make_retention, OTHER)

    async def _stop(self) -> None:
        await self._wiring.stop("scout", "retention", drain_s=0.1)
        if self._client is not None:
            await self._client.close()

    def _make_sources(self) -> Sequence[Source]:
        wiring = self._wiring
        connectors = wiring.settings.connectors
        self._client = make_source_client(connectors, clock=wiring.clock, rng=wiring.rng.fork("client"))
        if not wiring.polls:
            return []
        return make_sources(
            connectors,
            client=self._client,
            quotas=PgQuotaStore(wiring.store),
            grants=PgGrantStore(wiring.store),
            tallies=PgReceiptStore(wiring.store),
            clock=wiring.clock,
            rng=wiring.rng,
        )

    def _make_scout(self, sources: Sequence[Source]) -> Scout:
        settings, store, topics = self._wiring.settings, self._wiring.store, self._wiring.topics
        return Scout(
            signals=PgSignalStore(store, near_duplicate_at=settings.radar.near_duplicate_at),
            knowledge=PgKnowledgeStore(store),
            policy=settings.radar.policy,
            pseudonyms=self._pseudonyms,
            states=PgSourceStore(store),
            leases=self._wiring.leases,
            holder=self._wiring.holder,
            sources=sources,
            committed=topics.committed,
            stored=topics.stored,
            steps=topics.steps,
            state=topics.state,
            intake=self._intake,
            tally=self._wiring.tally,
            expected_per_day=settings.connectors.expected_per_day,
        )

    def _make_retention(self) -> Retention:
        radar = self._wiring.settings.radar
        texts, rows = timedelta(days=radar.keep_texts_days), timedelta(days=radar.keep_signals_days)
        store, pseudonyms = self._wiring.store, self._pseudonyms
        return Retention(
            store=PgRetentionStore(store, pseudonyms=pseudonyms, texts=texts, rows=rows),
            erasure=PgErasureStore(store, pseudonyms=pseudonyms),
            committed=self._wiring.topics.committed,
            first_s=FIRST_S if self._wiring.polls else None,
        )


def make_pseudonyms(settings: Settings) -> Pseudonyms:
    """Those of the key in the settings, else of the one in the data folder. Raises FolderError."""
    key = settings.radar.author_key
    if key is not None:
        return Pseudonyms(bytes.fromhex(key.get_secret_value()))
    return Pseudonyms(DataFolder(settings.data_dir).author_key())
