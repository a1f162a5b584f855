"""``python -m bench NAME [--json] [--rounds N]``: run one bench, or ``all``."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from rich.console import Console

from bench.harness import Options, Report, as_json, as_markdown, show
from bench.learn_data import data_sets

NAMES = ("mailbox", "sales", "stress", "fanout", "mirror", "learn", "predict", "ingest")
SPREAD_SKUS = 1_000


def main(arguments: list[str] | None = None) -> int:
    """Return 1 when a check is not 0; an unmet mark is a figure, not a failure."""
    options = _parser().parse_args(arguments)
    reports = []
    for name, work in _runs(options):
        report = _bench(name)(work)
        if options.json:
            print(as_json(report), flush=True)
        else:
            show(report, Console())
        reports.append(report)
    if options.table:
        options.table.write_text(as_markdown(reports))
    return 0 if all(report.correct for report in reports) else 1


def _runs(given: argparse.Namespace) -> Iterator[tuple[str, Options]]:
    plain = Options(rounds=given.rounds, size=given.size, skus=given.skus, daemons=given.daemons)
    for name in NAMES if given.name == "all" else (given.name,):
        if name == "learn":
            yield from ((name, replace(plain, data=path)) for path in data_sets(given.data))
        else:
            yield name, plain
        if name == "sales" and given.name == "all":
            yield name, replace(plain, skus=SPREAD_SKUS)


def _bench(name: str) -> Callable[[Options], Report]:
    run: Callable[[Options], Report] = import_module(f"bench.{name}").run
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=[*NAMES, "all"])
    parser.add_argument("--json", action="store_true", help="one JSON object per bench")
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds (default 5)")
    parser.add_argument("--size", type=float, default=1.0, help="scale of the work, 1 for real figures")
    parser.add_argument("--skus", type=int, default=1, help="sales: spread over so many products")
    parser.add_argument("--daemons", type=int, default=3, help="stress: daemons in the storm, 0 for none")
    parser.add_argument("--data", type=Path, help="learn: a file of outcomes, or a folder of such files")
    parser.add_argument("--table", type=Path, help="also write the results to FILE as Markdown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
