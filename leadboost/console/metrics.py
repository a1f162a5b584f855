"""What Prometheus reads: requests by route and status, their durations, and the state of every actor."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from leadboost.domain.radar.tally import ACCEPTED, DUPLICATE, IntakeTally
from leadboost.runtime.stats import ActorStats

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BOUNDS: Final = (*map(str, _BUCKETS_S), "+Inf")


class RequestMetrics(Collector):
    """Counts and times requests; labels come from the route table only, so they are bounded.

    Plain counters, because a request should not pay for a lock of the metrics library.
    """

    def __init__(self, stats: Callable[[], Sequence[ActorStats]]) -> None:
        self.intake = IntakeTally()
        self._tallies: dict[tuple[str, str, int], _Tally] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._registry.register(_ActorCollector(stats))

    def note(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Record one answered request."""
        key = (method, route, status)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        tally.counts[bisect_left(_BUCKETS_S, duration_s)] += 1
        tally.seconds += duration_s

    def text(self) -> bytes:
        """Write everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Hand out one histogram per method, route and status, whose count is the number of requests, and
        what became of signals."""
        yield from _intake_families(self.intake)
        family = HistogramMetricFamily(
            "leadboost_http_request_duration_seconds",
            "Seconds from a request's head to its answer.",
            labels=["method", "route", "status"],
        )
        for (method, route, status), tally in self._tallies.items():
            reached = zip(_BOUNDS, accumulate(tally.counts), strict=True)
            family.add_metric([method, route, str(status)], list(reached), tally.seconds)
        yield family


def _intake_families(intake: IntakeTally) -> Iterator[Metric]:
    accepted = CounterMetricFamily("leadboost_signals_accepted", "Signals worth hearing.", labels=["source"])
    known = CounterMetricFamily("leadboost_signals_duplicates", "Signals known already.", labels=["source"])
    rejected = CounterMetricFamily(
        "leadboost_signals_rejected", "Signals rejected, by the reason's word.", labels=["source", "reason"]
    )
    for (source, fate), count in intake.counts().items():
        if fate == ACCEPTED:
            accepted.add_metric([source], count)
        elif fate == DUPLICATE:
            known.add_metric([source], count)
        else:
            rejected.add_metric([source, fate], count)
    yield from (accepted, known, rejected)


class _Tally:
    """Requests per bucket, and the seconds they took together."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS)
        self.seconds = 0.0


class _ActorCollector(Collector):
    """Reads the actors' own counters when Prometheus asks, and costs nothing in between."""

    def __init__(self, stats: Callable[[], Sequence[ActorStats]]) -> None:
        self._stats = stats

    def describe(self) -> Iterator[Metric]:
        """Announce nothing: the registry would otherwise read the actors before they exist."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Read every actor once."""
        depth = GaugeMetricFamily("leadboost_actor_depth", "Messages queued.", labels=["actor", "lane"])
        age = GaugeMetricFamily(
            "leadboost_actor_oldest_age_seconds", "Age of the oldest message.", labels=["actor"]
        )
        counters = {
            name: CounterMetricFamily(f"leadboost_actor_{name}", text, labels=["actor"])
            for name, text in _COUNTERS.items()
        }
        for actor in self._stats():
            for lane, count in actor.depth.items():
                depth.add_metric([actor.name, lane], count)
            age.add_metric([actor.name], actor.oldest_age_s)
            for name, family in counters.items():
                family.add_metric([actor.name], getattr(actor, name))
        yield from (depth, age, *counters.values())


_COUNTERS: Final = {
    "handled": "Messages handled.",
    "dropped": "Events dropped from a full lane, and expired messages.",
    "rejected": "Messages refused by a full lane.",
    "restarts": "Restarts by the supervisor.",
}
