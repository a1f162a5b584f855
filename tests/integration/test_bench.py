"""Each bench once, small: that it is correct, never how fast."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from bench.ground import stock_up, take_stock
from bench.harness import Report, as_json, as_markdown, growth, ratio, summary, within
from bench.learn import learn
from bench.learn_data import Told, made_up
from bench.learn_peers import Floats, GroupMean
from bench.learn_planted import compare_planted
from bench.viewers import verdict
from leadboost.domain.live.frame import event_frame
from leadboost.domain.outcome import Outcome
from leadboost.domain.roi.features import target
from tests.campaigns import campaigns


def run_bench(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench", *arguments, "--json", "--rounds", "1"]
    made_up = {name: value for name, value in os.environ.items() if name != "SAMPLE_DATA"}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=110, env=made_up)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def metrics(report: dict[str, Any]) -> set[str]:
    return {result["metric"] for result in report["results"]}


def test_mailbox_measures_every_named_ratio() -> None:
    report = run_bench("mailbox", "--size", "0.01")

    assert report["bench"] == "mailbox"
    assert report["missing"] == []
    assert metrics(report) >= {
        "tell_vs_bare",
        "tell_vs_pykka",
        "tell_vs_xoscar",
        "tell_vs_thespian",
        "ask_vs_bare",
        "ask_vs_pykka",
        "introspection_cost",
        "tell_cost_growth",
        "ask_cost_growth",
    }


def test_sales_on_one_sku_sell_the_stock_exactly() -> None:
    report = run_bench("sales", "--size", "0.02")

    assert metrics(report) == {
        "sale_vs_setnx",
        "sale_vs_row_update",
        "sale_vs_row_statement",
        "sale_vs_noop_http",
        "sale_p99_over_mean",
        "sale_cost_growth",
    }
    assert {"oversold", "lost", "doubled"} <= report["checks"].keys()
    assert set(report["checks"].values()) == {0}


def test_sales_spread_over_two_daemons_never_oversell() -> None:
    report = run_bench("sales", "--size", "0.02", "--skus", "50")

    assert metrics(report) == {"sale_spread_vs_row_update"}
    assert set(report["checks"].values()) == {0}


def test_stress_neither_oversells_nor_loses_nor_doubles() -> None:
    report = run_bench("stress", "--size", "0.02", "--daemons", "0")  # the storm has a test of its own

    assert metrics(report) == {"stress_sales_per_s", "stress_halt_confirmed_s"}
    assert set(report["checks"].values()) == {0}
    assert report["missing"] == []


def test_fanout_brings_every_event_to_every_viewer_once_and_in_order() -> None:
    report = run_bench("fanout", "--size", "0.02")

    told = metrics(report) | {missing.partition(" ")[0] for missing in report["missing"]}
    assert told == {
        "fanout_vs_ws",
        "fanout_vs_socketio",
        "steady200_p99_ms",
        "steady1000_p99_vs_ws",
        "stuck_viewer_effect",
        "fanout_cost_growth",
    }
    assert {"lost", "doubled", "out_of_order"} <= report["checks"].keys()
    assert set(report["checks"].values()) == {0}


def test_mirror_brings_every_message_to_the_other_host() -> None:
    report = run_bench("mirror", "--size", "0.1")

    assert metrics(report) == {"mirror_p99_vs_raw", "external_p99_ms"}
    assert report["checks"] == {"raw_unheard": 0, "mirror_unheard": 0, "external_unheard": 0}


def test_predict_is_answered_alike_by_the_daemon_and_by_fastapi() -> None:
    report = run_bench("predict", "--size", "0.03")

    assert report["missing"] == []
    assert metrics(report) == {"predict_vs_fastapi", "predict_cost_growth"}
    assert report["checks"] == {"differing": 0, "failed": 0, "unanswered": 0}
    assert 0 < report["figures"]["fastapi_client_busy"] < 1


def test_learn_compares_with_every_reference_on_made_up_outcomes() -> None:
    report = run_bench("learn", "--size", "0.05")

    assert report["bench"] == "learn synthetic"
    assert [missing.partition(" ")[0] for missing in report["missing"]] == ["planted", "learn_cost_growth"]
    references = {
        "best",
        "group_mean",
        "spend_alone",
        "sgd",
        "sgd_huber",
        "hgb",
        "hgb_absolute",
        "river",
        "river_as_it_comes",
    }
    assert metrics(report) == {f"error_vs_{name}" for name in references} | {
        "coverage",
        "rows_vs_river",
        "rows_fitting_too_vs_river",
    }


def test_learn_plants_a_changed_world_and_a_bad_batch_and_says_when_each_was_seen() -> None:
    report = Report(bench="planted", rounds=1)

    with threadpool_limits(1):
        compare_planted(Told.of([*campaigns(2_000)]), report)

    assert report.missing == []
    assert {result.metric for result in report.results} == {
        "shift_error_vs_unwatched",
        "bad_batch_error_vs_unwatched",
    }
    assert {"shift_found_after_rows", "bad_batch_rolled_back_after_rows"} < report.figures.keys()


def test_learn_reads_a_file_as_ingest_does_and_says_why_one_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "advertising.csv").write_text("TV,Sales\n230.1,22.1\n44.5,10.4\n")

    report = run_bench("learn", "--data", str(tmp_path))

    assert report["bench"] == "learn advertising"
    assert "no column is known to hold it" in report["missing"][0]


def test_learn_holds_every_contender_against_the_same_rows() -> None:
    rows = made_up(200)
    targets = np.array([target(row.spend_micros, row.revenue_micros) for row in rows])
    seen: list[tuple[str, int]] = []

    class Watched(GroupMean):
        def predict(self, outcomes: Sequence[Outcome]) -> Floats:
            seen.extend(("predicted", int(outcome.external_id)) for outcome in outcomes)
            return super().predict(outcomes)

        def learn(self, outcomes: Sequence[Outcome], targets: Floats) -> None:
            seen.extend(("learned", int(outcome.external_id)) for outcome in outcomes)
            super().learn(outcomes, targets)

    learn(Told(outcomes=rows, targets=targets), Watched())

    places = {what: place for place, what in enumerate(seen)}
    assert all(places["predicted", row] < places["learned", row] for row in range(200))
    assert len(seen) == 400


def test_ingest_loses_no_signal_and_tells_of_each() -> None:
    report = run_bench("ingest", "--size", "0.05")

    assert metrics(report) == {"ingest_vs_insert", "ingest_cost_growth"}
    assert {"lost", "untold", "copies_missed"} == report["checks"].keys()
    assert set(report["checks"].values()) == {0}


def test_viewers_of_a_bench_notice_every_kind_of_wrong() -> None:
    def told(*events: tuple[int, str]) -> bytes:
        at = datetime(2026, 1, 31, tzinfo=UTC)
        return b"".join(event_frame(offset, "bench.event", at, {"key": key}) for offset, key in events)

    whole = verdict(told((1, "a"), (2, "b"), (3, "c")), ["a", "b", "c"])
    wrong = verdict(told((2, "b"), (1, "a"), (1, "a")), ["a", "b", "c"])

    assert (whole, wrong) == ((0, 0, 0), (1, 1, 2))


def test_unknown_bench_is_refused_with_the_names_there_are() -> None:
    done = subprocess.run([sys.executable, "-m", "bench", "sprint"], stderr=subprocess.PIPE, text=True)

    assert done.returncode == 2
    assert "mailbox" in done.stderr


def test_ratio_compares_round_by_round() -> None:
    result = ratio("tell_vs_bare", [2.0, 3.0, 8.0], [1.0, 2.0, 2.0], at_least=2.5)

    assert (result.value, result.low, result.high, result.met) == (2.0, 1.5, 4.0, False)


def test_summary_reads_the_mark_as_an_upper_bound_where_lower_is_better() -> None:
    assert summary("introspection_cost", [0.04], at_most=0.05).met
    assert not summary("introspection_cost", [0.06], at_most=0.05).met


def test_what_must_lie_around_its_mark_is_refused_on_either_side() -> None:
    assert within("coverage", [0.81], 0.8, 0.02).met
    assert not within("coverage", [0.83], 0.8, 0.02).met
    assert not within("coverage", [0.77], 0.8, 0.02).met


def test_growth_is_the_worst_of_the_larger_sizes() -> None:
    result = growth("sale_cost_growth", [[1.0, 1.0], [1.1, 1.5], [1.3, 1.2]])

    assert (result.low, result.high) == (1.3, 1.5)


@pytest.fixture
def report() -> Report:
    report = Report(bench="mailbox", rounds=2, missing=["ask_vs_pykka"])
    report.results.append(ratio("tell_vs_pykka", [3.0, 3.2], [1.0, 1.0], at_least=2.5))
    report.count({"oversold": 0})
    report.count({"oversold": 2})
    return report


def test_report_is_one_json_object_of_the_agreed_shape(report: Report) -> None:
    shown = json.loads(as_json(report))

    assert shown["results"] == [
        {"metric": "tell_vs_pykka", "value": 3.1, "low": 3.0, "high": 3.2, "mark": 2.5, "met": True}
    ]
    assert shown["missing"] == ["ask_vs_pykka"]
    assert shown["checks"] == {"oversold": 2}


def test_report_with_a_check_that_is_not_zero_is_not_correct(report: Report) -> None:
    assert not report.correct
    assert "| oversold (must be 0) | 2 |" in as_markdown([report])


def test_stocktake_counts_every_kind_of_wrong(dsn: str) -> None:
    stock_up(dsn, {"lamp": 1})
    asyncio.run(_sell_twice(dsn))

    wrongs = take_stock(dsn, {"lamp": 1}, {"order-1": str(UUID(int=1)), "order-2": str(UUID(int=9))})

    assert wrongs == {"oversold": 1, "unsold": 1, "lost": 2, "doubled": 1, "untold": 0, "miscounted": 2}


async def _sell_twice(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.executemany(
        "INSERT INTO sales (id, line, sku, quantity, remaining, principal, idempotency_key, sold_at)"
        " VALUES ($1, 0, 'lamp', 1, 0, 'bench', 'order-1', now())",
        [(UUID(int=1),), (UUID(int=2),)],
    )
    await connection.close()
