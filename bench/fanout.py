"""The live link: one event to a thousand viewers, in bursts and as a steady stream."""

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import count
from statistics import median, quantiles

from bench.fanout_servers import PER_S, Ours, Peer, ws_server
from bench.ground import TOKEN_TTL_S, Ground, open_ground
from bench.harness import Options, Report, alternate, growth, ratio, summary
from bench.viewers import Crowd, Seen, Watching
from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens

VIEWERS, STEADY_VIEWERS = 1_000, 200
BURST, SOCKETIO_BURST, FILL = 512, 32, 1_400
STEADY_S = 5.0
TIMED = 200
SETTLE_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A burst's deliveries per second and microseconds per delivery, or a stream's 99th percentile."""

    per_s: float = 0.0
    cost_us: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0


class Contenders:
    """Runs one round of anyone, and counts what went wrong."""

    def __init__(self, ground: Ground, report: Report) -> None:
        self._report = report
        self._runs = count()
        tokens = Tokens(bytes.fromhex(ground.secret), SystemClock())
        self._tokens = [
            tokens.issue(f"viewer-{number}", Role.VIEWER, TOKEN_TTL_S) for number in range(VIEWERS + 1)
        ]

    def burst(self, server: Ours | Peer, viewers: int, events: int) -> Sample:
        """Send all at once; the clock stops when the last viewer has the last event."""
        run = next(self._runs)
        keys = [*(f"b{run}.{number}" for number in range(events - 1)), f"end{run}"]
        watching = self._watch(server, viewers, keys)
        began_at = server.burst(keys)
        seen = self._judged(server, watching)
        took_s = seen.done_at - began_at
        return Sample(per_s=viewers * events / took_s, cost_us=took_s * 1e6 / (viewers * events))

    def steady(
        self, server: Ours | Peer, viewers: int, events: int, *, filled: bool = False, stuck: int = 0
    ) -> Sample:
        """Send 100 a second. ``filled``: a burst comes before, which ``stuck`` viewers choke on."""
        run = next(self._runs)
        fill = [f"f{run}.{number}" for number in range(FILL if filled else 0)]
        keys, last = [f"s{run}.{number}" for number in range(events)], f"end{run}"
        server.prepare(keys)
        watching = self._watch(server, viewers, [*fill, *keys, last], timed=TIMED, stuck=stuck)
        if fill:
            server.burst(fill)
            time.sleep(SETTLE_S)
        sent = server.stream(keys)
        time.sleep(SETTLE_S)
        server.burst([last])
        seen = self._judged(server, watching)
        waits = [1e3 * (came_at - sent[key]) for key, came_at in seen.arrivals if key in sent]
        return Sample(p50_ms=median(waits), p99_ms=quantiles(waits, n=100)[98])

    def _watch(
        self, server: Ours | Peer, viewers: int, keys: Sequence[str], *, timed: int = 0, stuck: int = 0
    ) -> Watching:
        return Watching(
            Crowd(
                url=server.url,
                dialect=server.dialect,
                viewers=viewers,
                expected=list(keys),
                tokens=self._tokens[: viewers + stuck] if server.dialect == "leadboost" else [],
                timed=min(timed, viewers),
                stuck=stuck,
            )
        )

    def _judged(self, server: Ours | Peer, watching: Watching) -> Seen:
        seen = watching.seen()
        wrongs = seen.wrongs()
        if server.dialect == "leadboost":
            self._report.count(wrongs)
        elif wrongs["lost"] or wrongs["doubled"] or wrongs["unfinished"]:
            # Its posts travel on several connections and may overtake each other on the way.
            raise RuntimeError(f"a reference failed: {server.dialect} {wrongs}")
        return seen


def run(options: Options) -> Report:
    """Run all rounds against the daemon and every peer that is there."""
    report = Report(bench="fanout", rounds=options.rounds)
    with ExitStack() as stack:
        ground = stack.enter_context(open_ground())
        dsn = ground.create_database("ours")
        url = stack.enter_context(ground.daemon("daemon", dsn))
        ours, contenders = Ours(token=ground.token, dsn=dsn, url=url), Contenders(ground, report)
        runs = _our_runs(contenders, ours, options)
        runs |= _ws_runs(contenders, ground, stack, options, report)
        runs |= _socketio_runs(contenders, ground, stack, options, report)
        samples = alternate(runs, options.rounds)
    _compare(samples, report)
    _grow(samples, options, report)
    return report


Runs = dict[str, Callable[[], Sample]]


def _our_runs(contenders: Contenders, ours: Ours, options: Options) -> Runs:
    viewers, few = options.scaled(VIEWERS), options.scaled(STEADY_VIEWERS)
    events, stream = options.scaled(BURST), options.scaled(int(STEADY_S * PER_S))
    runs: Runs = {
        f"burst_{count}": partial(contenders.burst, ours, count, events) for count in _sizes(options)
    }
    return runs | {
        "calm": partial(contenders.steady, ours, few, stream, filled=True),
        "stuck": partial(contenders.steady, ours, few, stream, filled=True, stuck=1),
        "steady": partial(contenders.steady, ours, viewers, stream),
    }


def _ws_runs(
    contenders: Contenders, ground: Ground, stack: ExitStack, options: Options, report: Report
) -> Runs:
    try:
        ws = stack.enter_context(ws_server(ground.folder))
    except (OSError, subprocess.SubprocessError) as error:
        report.missing += [f"{name} (needs node and npm: {error})" for name in WS_METRICS]
        return {}
    viewers = options.scaled(VIEWERS)
    return {
        "ws": partial(contenders.burst, ws, viewers, options.scaled(BURST)),
        "ws_steady": partial(contenders.steady, ws, viewers, options.scaled(int(STEADY_S * PER_S))),
    }


def _socketio_runs(
    contenders: Contenders, ground: Ground, stack: ExitStack, options: Options, report: Report
) -> Runs:
    if find_spec("socketio") is None:
        report.missing.append("fanout_vs_socketio (needs python-socketio)")
        return {}
    url = stack.enter_context(ground.reference("socketio"))
    viewers, events = options.scaled(VIEWERS), options.scaled(SOCKETIO_BURST)
    return {"socketio": partial(contenders.burst, Peer("socketio", url), viewers, events)}


WS_METRICS = ("fanout_vs_ws", "steady1000_p99_vs_ws")


def _sizes(options: Options) -> list[int]:
    return [options.scaled(VIEWERS // part) for part in (16, 4, 1)]


def _compare(samples: dict[str, list[Sample]], report: Report) -> None:
    full = max((name for name in samples if name.startswith("burst_")), key=lambda name: int(name[6:]))
    for peer, mark in (("ws", 10.0), ("socketio", None)):
        if peer in samples:
            ours, theirs = ([each.per_s for each in samples[name]] for name in (full, peer))
            report.results.append(ratio(f"fanout_vs_{peer}", ours, theirs, at_least=mark))
            report.figures |= {"ours_per_s": median(ours), f"{peer}_per_s": median(theirs)}
    calm, stuck, steady = ([each.p99_ms for each in samples[name]] for name in ("calm", "stuck", "steady"))
    report.results.append(summary("steady200_p99_ms", calm, at_most=10.0))
    if "ws_steady" in samples:
        theirs = [each.p99_ms for each in samples["ws_steady"]]
        relative = [a / b for a, b in zip(steady, theirs, strict=True)]
        report.results.append(summary("steady1000_p99_vs_ws", relative, at_most=1.0))
    effect = [b / a - 1 for a, b in zip(calm, stuck, strict=True)]
    report.results.append(summary("stuck_viewer_effect", effect, at_most=0.10))
    for name in ("calm", "steady", "ws_steady"):
        if name in samples:
            report.figures[f"{name}_p50_ms"] = median(each.p50_ms for each in samples[name])
            report.figures[f"{name}_p99_ms"] = median(each.p99_ms for each in samples[name])


def _grow(samples: dict[str, list[Sample]], options: Options, report: Report) -> None:
    costs = [[each.cost_us for each in samples[f"burst_{size}"]] for size in _sizes(options)]
    for size, row in zip(_sizes(options), costs, strict=True):
        report.figures[f"delivery_cost_us_at_{size}_viewers"] = median(row)
    report.results.append(growth("fanout_cost_growth", costs))
