"""Forecasts over HTTP: our daemon against FastAPI on uvicorn, both with one and the same learned model."""

import asyncio
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import orjson

from bench.ground import Ground, open_ground, pid_of
from bench.harness import Options, Report, alternate, growth, ratio
from bench.learn_data import made_up
from bench.load import Load, Outcome, attack
from bench.servers import computed_s, wait_for
from leadboost.domain.money import format_micros
from leadboost.domain.outcome import Outcome as Campaign
from leadboost.domain.roi.fit import LEAST_ROWS as LEAST_ROWS_FOR_TREES

CONNECTIONS = (64, 256, 1_024)
LEARNED, ASKED, LEAST_ROWS = 4_096, 2_048, 128
FORECASTS, FASTAPI_FORECASTS = 16_384, 8_192
SENT_AT_ONCE = 2_000
LATE = 64
TREES = "boosted trees"
QUIET_S = 3.0
DEADLINE_S = 30.0
PEERS = ("fastapi", "uvicorn", "httptools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A round, and the processor time of the server for each forecast; 0 where that is not measured."""

    outcome: Outcome
    cost_us: float = 0.0


Runs = dict[str, Callable[[], Sample]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where forecasts are to be had; ``pid`` is the server's process, where its time is measured."""

    url: str
    token: str
    pid: int | None = None

    def ask(self, path: str, body: bytes | None = None) -> Any:
        """Call a route once. Raises OSError, also for a refusal."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return orjson.loads(answer.read())


class Contenders:
    """Runs one round of anyone, and counts what went wrong."""

    def __init__(self, report: Report, bodies: Sequence[bytes]) -> None:
        self._report = report
        self._bodies = [body.decode() for body in bodies]
        self._runs = count()

    def answer(self, server: Server, forecasts: int, connections: int = CONNECTIONS[0]) -> Sample:
        """Ask for so many forecasts; every connection asks again as soon as it is answered."""
        before_s = computed_s(server.pid) if server.pid else 0.0
        outcome = attack(
            Load(
                urls=[server.url],
                token=server.token,
                prefix=f"forecast-{next(self._runs)}",
                orders=forecasts,
                path="/predict",
                bodies=self._bodies,
                buyers=connections,
            )
        )
        failed = sum(n for status, n in outcome.statuses.items() if status != "200")
        self._report.count({"failed": failed, "unanswered": outcome.unanswered})
        spent_s = computed_s(server.pid) - before_s if server.pid else 0.0
        return Sample(outcome=outcome, cost_us=1e6 * spent_s / forecasts)


def run(options: Options) -> Report:
    """Teach the daemon, hand its model to FastAPI, and let both answer in turn."""
    report = Report(bench="predict", rounds=options.rounds)
    learned, asked = (max(LEAST_ROWS, options.scaled(rows)) for rows in (LEARNED, ASKED))
    rows = made_up(learned + asked)
    bodies = [_body(row) for row in rows[learned:]]
    contenders = Contenders(report, bodies)
    with ExitStack() as stack:
        ground = stack.enter_context(open_ground())
        dsn = ground.create_database("ours")
        url = stack.enter_context(ground.daemon("daemon", dsn))
        ours = Server(url=url, token=ground.token, pid=pid_of(ground.folder / "daemon"))
        _teach(ours, rows[:learned])
        runs: Runs = {
            str(connections): partial(contenders.answer, ours, options.scaled(FORECASTS), connections)
            for connections in CONNECTIONS
        }
        runs |= _fastapi(contenders, ground, stack, dsn, ours, bodies, options, report)
        samples = alternate(runs, options.rounds)
    _compare(samples, report)
    return report


def _body(row: Campaign) -> bytes:
    return orjson.dumps(
        {
            "spend": format_micros(row.spend_micros),
            "platform": row.platform,
            "attributes": dict(row.attributes),
        }
    )


def _teach(ours: Server, rows: Sequence[Campaign]) -> None:
    """Send outcomes as a user would, and wait until the model of all its members serves and is at rest."""
    early, late = rows[:-LATE], rows[-LATE:]
    for at in range(0, len(early), SENT_AT_ONCE):
        _tell(ours, early[at : at + SENT_AT_ONCE])
    if len(early) >= LEAST_ROWS_FOR_TREES:
        wait_for(lambda: TREES in _members(ours), "the fitting of trees")
    _tell(ours, late)  # newly fitted trees serve with the next version that is saved
    time.sleep(QUIET_S)


def _tell(ours: Server, rows: Sequence[Campaign]) -> None:
    items = [
        {
            **orjson.loads(_body(row)),
            "external_id": row.external_id,
            "date": row.day,
            "revenue": format_micros(row.revenue_micros),
        }
        for row in rows
    ]
    ours.ask("/api/outcomes", orjson.dumps({"items": items}))
    wait_for(lambda: not ours.ask("/api/model")["pending"], "the learning of all outcomes")


def _members(ours: Server) -> set[str]:
    return {member["name"] for member in ours.ask("/api/model")["members"]}


def _fastapi(
    contenders: Contenders,
    ground: Ground,
    stack: ExitStack,
    dsn: str,
    ours: Server,
    bodies: Sequence[bytes],
    options: Options,
    report: Report,
) -> Runs:
    if missing := [name for name in PEERS if find_spec(name) is None]:
        report.missing.append(f"predict_vs_fastapi (needs {', '.join(missing)})")
        return {}
    artefact = asyncio.run(_newest_artefact(dsn, ground.folder))
    url = stack.enter_context(ground.reference("fastapi", str(artefact)))
    theirs = Server(url=url, token=ours.token)
    report.count({"differing": _differing(ours, theirs, bodies)})
    return {"fastapi": partial(contenders.answer, theirs, options.scaled(FASTAPI_FORECASTS))}


async def _newest_artefact(dsn: str, folder: Path) -> Path:
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow("SELECT version, artefact FROM models ORDER BY version DESC LIMIT 1")
    finally:
        await connection.close()
    assert row is not None
    path = folder / f"model-{row['version']}"
    path.write_bytes(row["artefact"])
    return path


def _differing(ours: Server, theirs: Server, bodies: Sequence[bytes]) -> int:
    """Count the questions that the two answer differently."""
    return sum(ours.ask("/predict", body) != theirs.ask("/predict", body) for body in bodies)


def _compare(samples: dict[str, list[Sample]], report: Report) -> None:
    for name, rounds in samples.items():
        who = name if name == "fastapi" else f"ours_{name}"
        outcomes = [each.outcome for each in rounds]
        report.figures[f"{who}_per_s"] = median(outcome.per_s for outcome in outcomes)
        report.figures[f"{who}_p99_ms"] = 1e3 * median(outcome.p99_s for outcome in outcomes)
        report.figures[f"{who}_client_busy"] = median(outcome.client_busy for outcome in outcomes)
    if "fastapi" in samples:
        ours, theirs = (
            [each.outcome.per_s for each in samples[name]] for name in (str(CONNECTIONS[0]), "fastapi")
        )
        report.results.append(ratio("predict_vs_fastapi", ours, theirs, at_least=3.0))
    costs = [[each.cost_us for each in samples[str(connections)]] for connections in CONNECTIONS]
    for connections, row in zip(CONNECTIONS, costs, strict=True):
        report.figures[f"ours_{connections}_cost_us"] = median(row)
    report.results.append(growth("predict_cost_growth", costs))
