"""The mirror: an event published on one host to a socket of another, and a message of other software."""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import count
from statistics import median, quantiles
from typing import Any

import orjson

from bench.ground import open_ground
from bench.harness import Options, Report, alternate, summary
from bench.redis_server import find_binary, redis_server
from bench.servers import die_with_parent, end

MESSAGES = 300
ALLOWED_MS = 5.0
SETTLE_S = 10.0

Times = dict[str, tuple[float, float]]


class Child:
    """A module of the bench in a process of its own, which answers a line of JSON with one."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        if self._line() != b"ready\n":
            raise RuntimeError(f"{module} did not start")

    def ask(self, order: object) -> Any:
        """Send an order and wait for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(orjson.dumps(order) + b"\n")
        self.process.stdin.flush()
        return orjson.loads(self._line())

    def end(self) -> None:
        """Let it go."""
        end(self.process)

    def _line(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


class Course:
    """Publishes on one host, listens on the other, and compares."""

    def __init__(self, host: Child, viewer: Child, messages: int, report: Report) -> None:
        self._host = host
        self._viewer = viewer
        self._messages = messages
        self._report = report
        self._runs = count()

    def run(self, kind: str) -> tuple[list[float], list[float]]:
        """One round: milliseconds to each arrival, from its publication and from before its COMMIT."""
        order = {"kind": kind, "count": self._messages, "prefix": f"{kind}{next(self._runs)}"}
        published: Times = self._host.ask(order)
        arrivals = self._heard(published)
        self._report.count({f"{kind}_unheard": len(published.keys() - arrivals.keys())})
        heard = [(times, arrivals[key]) for key, times in published.items() if key in arrivals]
        since_publication = [1000 * (came_at - at) for (_, at), came_at in heard]
        return since_publication, [1000 * (came_at - began_at) for (began_at, _), came_at in heard]

    def _heard(self, published: Times) -> dict[str, float]:
        arrivals: dict[str, float] = {}
        ends_at = time.monotonic() + SETTLE_S
        while not published.keys() <= arrivals.keys() and time.monotonic() < ends_at:
            time.sleep(0.05)
            arrivals |= self._viewer.ask({})
            _fill(list(published), arrivals)
        return arrivals


def _fill(keys: Sequence[str], arrivals: dict[str, float]) -> None:
    """State shows the latest alone: whoever sees a later message has seen that there was this one."""
    later: float | None = None
    for key in reversed(keys):
        later = arrivals.get(key, later)
        if later is not None and key.startswith("external"):
            arrivals.setdefault(key, later)


def run(options: Options) -> Report:
    """Run all rounds: plain XADD to XREAD, the mirror, and other software."""
    report = Report(bench="mirror", rounds=options.rounds)
    if find_binary() is None:
        report.missing += [f"{name} (needs a Redis)" for name in ("mirror_p99_vs_raw", "external_p99_ms")]
        return report
    with ExitStack() as stack:
        ground = stack.enter_context(open_ground())
        redis_url = stack.enter_context(redis_server(ground.folder))
        dsn = ground.create_database("ours")
        host = Child("bench.mirror_host", dsn, redis_url)  # before the daemon, so that it leads
        stack.callback(host.end)
        url = stack.enter_context(ground.daemon("daemon", dsn, {"REDIS_URL": redis_url}))
        viewer = Child("bench.mirror_viewer", url, ground.token, redis_url)
        stack.callback(viewer.end)
        course = Course(host, viewer, options.scaled(MESSAGES), report)
        kinds = ("raw", "mirror", "external")
        samples = alternate({kind: lambda kind=kind: course.run(kind) for kind in kinds}, options.rounds)  # type: ignore[misc]
    _compare(samples, report)
    return report


def _compare(samples: dict[str, list[tuple[list[float], list[float]]]], report: Report) -> None:
    p99 = {kind: [_p99(published) for published, _ in rounds] for kind, rounds in samples.items()}
    ours, raw = p99["mirror"], p99["raw"]
    beyond = [max(0.0, mine - ALLOWED_MS) / plain for mine, plain in zip(ours, raw, strict=True)]
    report.results.append(summary("mirror_p99_vs_raw", beyond, at_most=3.0))
    report.results.append(summary("external_p99_ms", p99["external"], at_most=20.0))
    for kind, values in p99.items():
        report.figures[f"{kind}_p99_ms"] = median(values)
        report.figures[f"{kind}_p50_ms"] = median(median(published) for published, _ in samples[kind])
    report.figures["commit_to_socket_p99_ms"] = median(_p99(began) for _, began in samples["mirror"])


def _p99(milliseconds: list[float]) -> float:
    return quantiles(milliseconds, n=100, method="inclusive")[98]
