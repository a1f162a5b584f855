"""Rules of a real daemon on a real ad account's stand-in: written, read again, and acting."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.servers import wait_for
from leadboost.console.auth import Role
from tests.acceptance.ad_world import AdAccount, Shop, ad_account

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="its processes die with this one")

CAP = '[[rules]]\nname = "cap"\nkind = "daily_spend_cap"\nlimit = {}\neach = "campaign"\nmode = "{}"\n'


@pytest.fixture
def account() -> Iterator[AdAccount]:
    with ad_account("--campaigns", "2") as account:
        yield account


@pytest.fixture
def shop(open_path: Path, account: AdAccount) -> Iterator[Shop]:
    shop = Shop(open_path / "data", [account], rules=CAP.format(50, "shadow"))
    shop.start()
    yield shop
    shop.close()


def spend(shop: Shop, campaign_id: str, amount: int) -> None:
    outcome = {
        "external_id": f"today {campaign_id}",
        "platform": "meta_ads",
        "date": datetime.now(UTC).date().isoformat(),
        "spend": amount,
        "revenue": 0,
        "attributes": {"campaign_id": campaign_id},
    }
    shop.call("POST", "/api/outcomes", {"items": [outcome]})


def rule(shop: Shop, name: str) -> Any:
    return next(each for each in shop.call("GET", "/api/rules")["items"] if each["name"] == name)


def test_a_rule_watches_from_the_shadow_until_its_file_puts_it_in_force(
    shop: Shop, account: AdAccount, open_path: Path
) -> None:
    first, second = account.campaigns
    spend(shop, first, 60)
    spend(shop, second, 40)
    file = open_path / "rules.toml"

    wait_for(lambda: rule(shop, "cap")["last_fired"] is not None, "a firing in the shadow", seconds=90)
    assert rule(shop, "cap")["last_fired"]["shadow"] is True
    assert account.status(first) == "ACTIVE"

    file.write_text(CAP.format(50, "on"), encoding="utf-8")
    account.await_status(first, "PAUSED", seconds=30)

    assert account.status(second) == "ACTIVE"
    (halt,) = shop.call("GET", "/api/safety")["details"]
    assert (halt["scope"], halt["tripped_by"]) == (f"campaign:meta_ads:{first}", "rule:cap")

    file.write_text(CAP.format(-1, "on"), encoding="utf-8")
    wait_for(lambda: shop.call("GET", "/api/rules")["file_problem"], "the fault to be told", seconds=30)
    told = shop.call("GET", "/api/rules")
    assert "rules[0].limit" in told["file_problem"]
    assert rule(shop, "cap")["written"]["limit"] == "50"
    assert shop.call("GET", "/api/safety")["gate"]["open"] is True


def test_a_rule_set_over_the_api_acts_at_once_and_a_restart_knows_it(shop: Shop, account: AdAccount) -> None:
    first, second = account.campaigns
    spend(shop, second, 40)
    mine = {"name": "cap", "kind": "daily_spend_cap", "limit": 30, "each": "campaign"}

    shop.call("PUT", "/api/rules", {"rules": [mine]}, role=Role.ADMIN)
    account.await_status(second, "PAUSED", seconds=90)
    wait_for(lambda: rule(shop, "cap")["last_fired"] is not None, "the firing on record")
    shop.kill()
    shop.start()
    wait_for(lambda: rule(shop, "cap")["last_fired"] is not None, "what is on record")

    assert account.status(first) == "ACTIVE"
    assert (rule(shop, "cap")["origin"], rule(shop, "cap")["mode"]) == ("api", "on")
    assert rule(shop, "cap")["last_fired"]["subject"] == f"campaign:meta_ads:{second}"
