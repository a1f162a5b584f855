"""Outcomes in time order, each predicted before it is learned, against references on the same rows."""

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from bench.harness import Options, Report, alternate, growth, ratio, summary, within
from bench.learn_data import Told, groups, outcomes_of, set_name
from bench.learn_peers import REFERENCES, RIVER, Contender, Floats, Ours, contenders
from bench.learn_planted import compare_planted
from leadboost.domain.roi.forecast import LEVEL, OBSERVATIONS_TO_LEARN
from leadboost.errors import InputError

COVERAGE_WITHIN = 0.02
RATES = ("per_s", "fitting_too_per_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Mean absolute error of the rows after the first 30, and rows per second of one core.

    Of ours the rows per second leave out the fitting of trees, which a worker process does; with it they
    are ``fitting_too_per_s``. Of ours, too, the share of these rows within the interval, and what the watch
    over the model found.
    """

    error: float
    per_s: float
    fitting_too_per_s: float = 0.0
    covered: float = 0.0
    rollbacks: int = 0
    drifts: int = 0


def run(options: Options) -> Report:
    """Learn one data set: all references once for their errors, then ours and River in rounds."""
    report = Report(bench=f"learn {set_name(options.data)}", rounds=options.rounds)
    try:
        told = _told(options)
    except InputError as error:
        report.missing.append(f"{set_name(options.data)} ({error})")
        return report
    report.figures["rows"] = len(told.outcomes)
    # As Trainer does: on few cores the threads of a small matrix wait for one another.
    with threadpool_limits(1):
        _compare_errors(told, report)
        compare_planted(told, report)
    _compare_speed(told, options, report)
    _grow(told, options, report)
    return report


def _told(options: Options) -> Told:
    outcomes = outcomes_of(options.data, options.size)
    if len(outcomes) <= 2 * OBSERVATIONS_TO_LEARN:
        raise InputError("rows", f"{len(outcomes)} are too few; use a larger --size")
    return Told.of(outcomes)


def learn(told: Told, contender: Contender) -> Heard:
    """Let a contender predict and learn group after group."""
    errors: list[Floats] = []
    covered = 0
    began_at = time.process_time()
    for group in groups(len(told.outcomes)):
        outcomes, targets = told.outcomes[group], told.targets[group]
        forecast = contender.predict(outcomes)
        if group.start >= OBSERVATIONS_TO_LEARN:
            errors.append(np.abs(forecast - targets))
            covered += _covered(contender, targets)
        contender.learn(outcomes, targets)
    took_s = time.process_time() - began_at
    error = np.concatenate(errors)
    heard = Heard(error=float(error.mean()), per_s=len(told.outcomes) / took_s)
    if not isinstance(contender, Ours):
        return heard
    return replace(
        heard,
        per_s=len(told.outcomes) / (took_s - contender.fitting_s),
        fitting_too_per_s=heard.per_s,
        covered=covered / len(error),
        rollbacks=contender.rollbacks,
        drifts=contender.drifts,
    )


def _covered(contender: Contender, targets: Floats) -> int:
    if not isinstance(contender, Ours):
        return 0
    return int(np.sum((contender.low <= targets) & (targets <= contender.high)))


def _compare_errors(told: Told, report: Report) -> None:
    heard = {name: learn(told, start()) for name, start in contenders().items()}
    for name, one in heard.items():
        report.figures |= {f"{name}_error": one.error, f"{name}_rows_per_s": one.per_s}
    ours = heard.pop("ours")
    report.figures |= {"rollbacks": ours.rollbacks, "drifts": ours.drifts}
    best = min(heard[name].error for name in REFERENCES)
    report.results.append(summary("error_vs_best", [ours.error / best], at_most=1.0))
    for name, one in heard.items():
        report.results.append(summary(f"error_vs_{name}", [ours.error / one.error]))
    report.results.append(within("coverage", [ours.covered], LEVEL, COVERAGE_WITHIN))


def _compare_speed(told: Told, options: Options, report: Report) -> None:
    if RIVER not in contenders():
        report.missing.append("rows_vs_river (needs river)")
        return
    runs = {name: partial(_learn_afresh, told, name) for name in ("ours", RIVER)}
    heard = alternate(runs, options.rounds, warm_ups=0)
    river = [one.per_s for one in heard[RIVER]]
    ours, fitting_too = ([getattr(one, rate) for one in heard["ours"]] for rate in RATES)
    report.results.append(ratio("rows_vs_river", ours, river, at_least=20.0))
    report.results.append(ratio("rows_fitting_too_vs_river", fitting_too, river))
    report.figures |= {"ours_rows_per_s": median(ours), "river_rows_per_s": median(river)}


def _grow(told: Told, options: Options, report: Report) -> None:
    sizes = [len(told.outcomes) // part for part in (16, 4, 1)]
    if sizes[0] <= 2 * OBSERVATIONS_TO_LEARN:
        report.missing.append("learn_cost_growth (needs 1,000 rows)")
        return
    runs = {str(n): partial(_learn_afresh, told.first(n), "ours") for n in sizes}
    heard = alternate(runs, options.rounds, warm_ups=0)
    for metric, rate in zip(("learn_cost", "learn_fitting_too_cost"), RATES, strict=True):
        costs = [[1e6 / getattr(one, rate) for one in heard[str(n)]] for n in sizes]
        for n, row in zip(sizes, costs, strict=True):
            report.figures[f"{metric}_us_at_{n}_rows"] = median(row)
        report.results.append(growth(f"{metric}_growth", costs))


def _learn_afresh(told: Told, name: str) -> Heard:
    """Learn in a new process: nothing of an earlier round is remembered, so there is nothing to warm up."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_learn_alone, told, name).result()


def _learn_alone(told: Told, name: str) -> Heard:
    with threadpool_limits(1):
        return learn(told, contenders()[name]())
