"""What campaigns spend and earn by their platforms' word reaches the model, the rules and their products."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.servers import wait_for
from tests.acceptance.ad_world import AdAccount, Shop, ad_account, request

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="its processes die with this one")

PLATFORMS = ("meta_ads", "google_ads", "tiktok_ads")
DAYS = 40


@pytest.fixture
def accounts() -> Iterator[list[AdAccount]]:
    with ExitStack() as stack:
        options = ("--campaigns", "1")
        yield [stack.enter_context(ad_account(*options, platform=platform)) for platform in PLATFORMS]


@pytest.fixture
def shop(open_path: Path, accounts: list[AdAccount]) -> Iterator[Shop]:
    shop = Shop(open_path / "data", accounts)
    yield shop
    shop.close()


def results(account: AdAccount) -> list[dict[str, object]]:
    """Every day of the last forty, in hundredths."""
    today = datetime.now(UTC).date()
    return [
        {
            "campaign": account.campaigns[0],
            "day": (today - timedelta(days=number)).isoformat(),
            "spend": 2_000,
            "revenue": 5_000 + 10 * number,
            "conversions": 3,
        }
        for number in range(DAYS)
    ]


def books(shop: Shop) -> Any:
    return shop.call("GET", "/api/campaigns/books?days=90")


def test_connecting_teaches_the_model_what_each_platform_tells(shop: Shop, accounts: list[AdAccount]) -> None:
    for account in accounts:
        request(f"{account.url}/_control/results", method="PUT", body=results(account))
    shop.start()

    wait_for(lambda: len(books(shop)["results"]) == len(PLATFORMS), "results of every platform", seconds=30)
    found = {each["platform"]: each for each in books(shop)["results"]}
    wait_for(
        lambda: shop.call("GET", "/api/model")["observations"] >= (DAYS - 2) * len(PLATFORMS),
        "a model that learned them",
        seconds=30,
    )
    connections = {each["name"]: each for each in shop.call("GET", "/api/connections")["items"]}

    assert set(found) == set(connections) == set(PLATFORMS)
    assert {each["state"] for each in connections.values()} == {"ok"}
    for each in found.values():
        assert DAYS - 2 <= each["days"] <= DAYS
        assert each["spend"] == 20 * each["days"]
        assert 1.4 < each["roi"] < 1.8


def test_a_proposed_link_stops_its_campaign_once_it_is_confirmed(
    shop: Shop, accounts: list[AdAccount]
) -> None:
    google = accounts[1]
    shop.start()
    shop.call("PUT", "/api/stock/demo-campaign", {"on_hand": 1})
    wait_for(lambda: len(books(shop)["proposals"]) == len(PLATFORMS), "proposals for every campaign")
    proposal = next(each for each in books(shop)["proposals"] if each["platform"] == "google_ads")

    place = {name: proposal[name] for name in ("platform", "campaign_id", "sku")}
    shop.call("POST", "/api/campaigns/links", {**place, "accepted": True})
    shop.sell("demo-campaign", "order")
    google.await_status(google.campaigns[0], "PAUSED")

    assert books(shop)["links"] == [place]
    assert accounts[0].status(accounts[0].campaigns[0]) == "ACTIVE"


CAP = """
[[rules]]
name = "cap"
kind = "daily_spend_cap"
scope = "campaign:{platform}:{campaign}"
limit = 15
action = "reduce"
"""


def test_a_rule_that_reduces_lowers_the_budget_on_each_platform(
    shop: Shop, accounts: list[AdAccount]
) -> None:
    caps = [CAP.format(platform=each.platform, campaign=each.campaigns[0]) for each in accounts]
    shop.rules = "".join(cap.replace('"cap"', f'"cap-{number}"') for number, cap in enumerate(caps))
    for account in accounts:
        account.fault(error_after=0.3)
        request(f"{account.url}/_control/results", method="PUT", body=results(account)[:1])
    shop.start()

    for account in accounts:
        place = account.campaigns[0]
        wait_for(lambda: account.state()["budgets"][place] == 4_000, f"a lower budget {account}", seconds=60)  # noqa: B023 - it is waited for here
    wait_for(lambda: len(books(shop)["actions"]) == len(PLATFORMS), "the actions", seconds=20)

    actions = {each["platform"]: each for each in books(shop)["actions"]}
    assert set(actions) == set(PLATFORMS)
    assert {(each["kind"], each["state"]) for each in actions.values()} == {("lower_budget", "confirmed")}
    assert sum(account.state()["spend_raising"] for account in accounts) == 0
