"""What Prometheus reads: requests by route and status, their durations, and the state of every actor."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from leadboost.runtime.stats import ActorStats

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RequestMetrics:
    """Counts and times requests; labels come from the route table only, so they are bounded."""

    def __init__(self, stats: Callable[[], Sequence[ActorStats]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_ActorCollector(stats))
        self._requests = Counter(
            "leadboost_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._durations = Histogram(
            "leadboost_http_request_duration_seconds",
            "Seconds from the request's head to its answer.",
            ["method", "route"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def note(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Record one answered request."""
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = (
                self._requests.labels(method, route, str(status)),
                self._durations.labels(method, route),
            )
        children[0].inc()
        children[1].observe(duration_s)

    def text(self) -> bytes:
        """Write everything in Prometheus' text format."""
        return generate_latest(self._registry)


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
