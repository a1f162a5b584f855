"""Alternating rounds, their median and spread, and the two ways of showing them."""

import gc
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TypeVar

import orjson
from rich.console import Console
from rich.table import Table

T = TypeVar("T")

GROWTH_MARK = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``size`` scales every count of work: 1 is the published figure, tests use a hundredth.

    ``skus`` spreads the sales bench over that many products. ``data`` is the file that the learn
    bench reads, None for outcomes that it makes up. ``daemons`` is how many share the storm of the stress
    bench.
    """

    rounds: int = 5
    size: float = 1.0
    skus: int = 1
    data: Path | None = None
    daemons: int = 3

    def scaled(self, count: int) -> int:
        """Return ``count`` at this size, at least 1."""
        return max(1, round(count * self.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure: median, lowest and highest of the counted rounds; ``met`` is None without a mark."""

    metric: str
    value: float
    low: float
    high: float
    mark: float | None = None
    met: bool | None = None


@dataclass(slots=True, kw_only=True)
class Report:
    """What one bench found.

    ``checks`` count wrongs, so each must be 0. ``figures`` are the absolute values behind the
    ratios; they drift with the machine and are no mark. ``missing`` names what could not run.
    """

    bench: str
    rounds: int
    results: list[Result] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def correct(self) -> bool:
        """Whether every check is 0."""
        return not any(self.checks.values())

    def count(self, wrongs: Mapping[str, int]) -> None:
        """Add to the checks."""
        for name, wrong in wrongs.items():
            self.checks[name] = self.checks.get(name, 0) + wrong


def alternate(
    contenders: Mapping[str, Callable[[], T]], rounds: int, *, warm_ups: int = 1
) -> dict[str, list[T]]:
    """Run all contenders once per round, A B A B ..., and keep what the counted rounds return."""
    samples: dict[str, list[T]] = {name: [] for name in contenders}
    for number in range(warm_ups + rounds):
        for name, run in contenders.items():
            gc.collect()
            sample = run()
            if number >= warm_ups:
                samples[name].append(sample)
    return samples


def summary(
    metric: str, values: Sequence[float], *, at_least: float | None = None, at_most: float | None = None
) -> Result:
    """Reduce one value per round; the mark is a lower or an upper bound of the median."""
    value = median(values)
    mark = at_least if at_least is not None else at_most
    met = None if mark is None else (value >= mark if at_least is not None else value <= mark)
    return Result(metric=metric, value=value, low=min(values), high=max(values), mark=mark, met=met)


def within(metric: str, values: Sequence[float], mark: float, by: float) -> Result:
    """Reduce one value per round; the median must lie no further than ``by`` from the mark."""
    found = summary(metric, values)
    return replace(found, mark=mark, met=abs(found.value - mark) <= by)


def ratio(
    metric: str, ours: Sequence[float], theirs: Sequence[float], *, at_least: float | None = None
) -> Result:
    """Compare two rates round by round."""
    return summary(metric, [a / b for a, b in zip(ours, theirs, strict=True)], at_least=at_least)


def growth(metric: str, costs: Sequence[Sequence[float]]) -> Result:
    """Compare the cost per unit of each larger size with the smallest size's, round by round.

    ``costs`` holds one row of rounds per size, smallest size first. The value of a round is its
    worst ratio.
    """
    smallest, *larger = costs
    worst = [max(row) / base for base, row in zip(smallest, zip(*larger, strict=True), strict=True)]
    return summary(metric, worst, at_most=GROWTH_MARK)


def as_json(report: Report) -> str:
    """One JSON object in the shape that performance figures are exchanged in."""
    return orjson.dumps(asdict(report)).decode()


def machine() -> str:
    """The facts of this machine that figures depend on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def show(report: Report, console: Console) -> None:
    """Print one report for a person."""
    console.print(_table(report))
    for name, figure in report.figures.items():
        console.print(f"  {name}: {figure:,.4g}", highlight=False)
    if report.checks:
        console.print("  checks: " + ", ".join(f"{name} {wrong}" for name, wrong in report.checks.items()))
    for name in report.missing:
        console.print(f"  missing: {name}", highlight=False)


def as_markdown(reports: Iterable[Report]) -> str:
    """A table of all results, for a file."""
    lines = [f"Measured on {machine()}.", ""]
    lines += ["| bench | metric | median | low | high | mark | met |", "|---|---|---|---|---|---|---|"]
    for report in reports:
        start = f"| {report.bench} | "
        lines += [start + " | ".join(_cells(result)) + " |" for result in report.results]
        lines += [f"{start}{name} | missing | | | | |" for name in report.missing]
        lines += [f"{start}{name} (must be 0) | {wrong} | | | | |" for name, wrong in report.checks.items()]
    return "\n".join(lines) + "\n"


def _table(report: Report) -> Table:
    table = Table(title=f"{report.bench}, {report.rounds} rounds, {machine()}", title_justify="left")
    for heading in ("metric", "median", "low", "high", "mark", "met"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for result in report.results:
        table.add_row(*_cells(result))
    return table


def _cells(result: Result) -> tuple[str, ...]:
    numbers = [f"{number:,.3g}" for number in (result.value, result.low, result.high)]
    mark = "" if result.mark is None else f"{result.mark:g}"
    met = {None: "", True: "yes", False: "NO"}[result.met]
    return (result.metric, *numbers, mark, met)
