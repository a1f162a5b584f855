"""The kill switch as a whole: real daemon, real database, an ad account that fails, and kill -9."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pytest

from bench.servers import wait_for
from tests.acceptance.ad_world import FIRST_ID, HOSTS, AdAccount, Shop, ad_account
from tests.acceptance.commands import environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the server's processes in /proc")

SHORT_AND_DRILL = ["short", "drill"]


@pytest.fixture
def account() -> Iterator[AdAccount]:
    with ad_account("--seed", "7", "--campaigns", "3") as account:
        yield account


@pytest.fixture
def shop(open_path: Path, account: AdAccount) -> Iterator[Shop]:
    shop = Shop(open_path / "data", [account])
    yield shop
    shop.close()


def rounds(short: int, long: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "runs", [short, pytest.param(long, marks=[pytest.mark.drill, pytest.mark.timeout(3600)])],
        ids=SHORT_AND_DRILL,
    )  # fmt: skip


@rounds(1, 20)
def test_the_last_unit_sold_pauses_its_campaigns_while_calls_fail(
    shop: Shop, account: AdAccount, runs: int
) -> None:
    account.fault(error_before=0.1, error_after=0.1, limited=0.1)
    shop.start()
    firsts, confirmed = [], []

    for run in range(runs):
        campaigns = [str(FIRST_ID + 10 * run + number) for number in range(3)]
        for each in campaigns:
            account.add(each)
        shop.stock(f"fan-{run}", 1, campaigns)
        shop.sell(f"fan-{run}", f"order-{run}")
        sold_at = datetime.now(UTC)
        halt = shop.await_state(f"sku:fan-{run}")
        firsts.append(min((account.pauses(each)[0] - sold_at).total_seconds() for each in campaigns))
        ends = [datetime.fromisoformat(item["confirmed_at"]) for item in halt["items"]]
        confirmed.append((max(ends) - sold_at).total_seconds())
        assert {account.status(each) for each in campaigns} == {"PAUSED"}

    print(
        f"\nsale to first pause call: median {1000 * median(firsts):.0f} ms, "
        f"worst {1000 * max(firsts):.0f} ms; "
        f"to all confirmed (two reads {shop.gap_s:g} s apart): median {median(confirmed):.1f} s, "
        f"worst {max(confirmed):.1f} s; 30 % of calls answered 500 or 429"
    )
    assert max(firsts) < 1.0


@rounds(2, 50)
def test_a_kill_between_the_sales_commit_and_its_halt_only_delays_the_halt(
    shop: Shop, account: AdAccount, runs: int
) -> None:
    shop.start("sale.committed")

    for run in range(runs):
        sku, campaign_id = f"fan-{run}", str(FIRST_ID + run)
        account.add(campaign_id)
        shop.stock(sku, 1, [campaign_id])
        with pytest.raises(OSError):  # whatever way the connection ends
            shop.sell(sku, f"order-{run}")
        shop.await_death()
        assert account.pauses(campaign_id) == []
        shop.start("sale.committed")
        assert shop.sell(sku, f"order-{run}")["remaining"] == 0  # the same answer, not a second sale
        shop.await_state(f"sku:{sku}")
        assert account.status(campaign_id) == "PAUSED"

    print(f"\n{runs} kills between COMMIT and halt: {runs} halts after the restart")


@rounds(1, 10)
@pytest.mark.parametrize("point", ["halt.recorded", "halt.accepted"])
def test_a_kill_before_confirmation_is_finished_after_the_restart(
    shop: Shop, account: AdAccount, point: str, runs: int
) -> None:
    shop.start(point)

    for run in range(runs):
        sku, campaign_id = f"fan-{run}", str(FIRST_ID + run)
        account.add(campaign_id)
        shop.stock(sku, 1, [campaign_id])
        shop.sell(sku, f"order-{run}")
        shop.await_death()
        shop.start()
        halt = shop.await_state(f"sku:{sku}")
        assert account.status(campaign_id) == "PAUSED"
        shop.stock(sku, 5, [campaign_id])
        shop.resume(halt)  # else the next start, which verifies what holds, would reach the point itself
        account.await_status(campaign_id, "ACTIVE")
        shop.kill()
        shop.start(point if run + 1 < runs else None)

    print(f"\n{runs} kills at {point}: {runs} halts confirmed after the restart")


def test_a_halt_works_with_postgres_stopped_and_is_remembered_after_kill_9(
    shop: Shop, account: AdAccount
) -> None:
    shop.start()
    wait_for(lambda: shop.safety()["gate"]["open"], "an open gate")
    stopped = shop.server_processes()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)

    try:
        shop.call("POST", "/api/panic", {"reason": "the database is frozen"})
        shop.await_state("global")
        paused = set(account.state()["campaigns"].values())
        shop.kill()
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    shop.start()
    wait_for(lambda: "panic.tripped" in shop.kinds(), "the halt in the journal")

    assert paused == {"PAUSED"}
    assert shop.safety()["state"] == "HALTED"
    assert account.state()["spend_raising"] == 0


def test_the_command_halts_with_the_daemon_dead_and_the_daemon_knows_it(
    shop: Shop, account: AdAccount
) -> None:
    shop.start()
    wait_for(lambda: shop.safety()["gate"]["open"], "an open gate")
    shop.kill()

    done = _panic(shop, account)
    shop.start()

    assert done.returncode == 0, done.stderr
    assert "no daemon runs" in done.stderr
    assert set(account.state()["campaigns"].values()) == {"PAUSED"}
    assert shop.safety()["state"] == "HALTED"


def test_the_command_halts_past_a_daemon_that_is_frozen(shop: Shop, account: AdAccount) -> None:
    shop.start()
    wait_for(lambda: shop.safety()["gate"]["open"], "an open gate")
    assert shop.daemon is not None
    shop.daemon.process.send_signal(signal.SIGSTOP)

    done = _panic(shop, account)
    shop.daemon.process.send_signal(signal.SIGCONT)

    assert done.returncode == 0, done.stderr
    assert set(account.state()["campaigns"].values()) == {"PAUSED"}
    wait_for(lambda: bool(shop.safety()["state"] == "HALTED"), "the daemon's own halt", seconds=10)


def _panic(shop: Shop, account: AdAccount) -> "subprocess.CompletedProcess[str]":
    settings = {"LEADBOOST_SAFETY__READ_BACK_GAP_S": "1", **HOSTS, **account.environ}
    command = [sys.executable, "-m", "leadboost", "panic", "--reason", "drill", "--wait", "30"]
    return subprocess.run(
        [*command, "--data-dir", str(shop.data_dir)],
        env=environment() | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )


def _resumed_but_killed(shop: Shop, account: AdAccount) -> str:
    """A halt whose resume was committed, and the daemon killed before anything was enabled."""
    campaign_id = str(FIRST_ID)
    shop.start("resume.committed")
    shop.stock("fan", 1, [campaign_id])
    shop.sell("fan", "order")
    halt = shop.await_state("sku:fan")
    shop.stock("fan", 5, [campaign_id])
    with pytest.raises(OSError):  # whatever way the connection ends
        shop.resume(halt)
    shop.await_death()
    assert account.state()["spend_raising"] == 0
    return campaign_id


def test_a_kill_between_a_resume_and_its_enabling_is_finished_after_the_restart(
    shop: Shop, account: AdAccount
) -> None:
    campaign_id = _resumed_but_killed(shop, account)

    shop.start()

    account.await_status(campaign_id, "ACTIVE")
    assert shop.safety()["halts"] == []
    assert account.state()["spend_raising"] == 1


def test_nothing_that_raises_spend_leaves_once_halted_though_it_was_committed_before(
    shop: Shop, account: AdAccount
) -> None:
    _resumed_but_killed(shop, account)
    done = _panic(shop, account)

    for _ in range(2):
        shop.start()
        wait_for(lambda: "campaign.enable" in shop.kinds(), "the end of the action")
        shop.kill()

    assert done.returncode == 0, done.stderr
    assert account.state()["spend_raising"] == 0
    assert set(account.state()["campaigns"].values()) == {"PAUSED"}
