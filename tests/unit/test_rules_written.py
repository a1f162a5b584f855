import tomllib
from pathlib import Path

import pytest

from leadboost.domain.rules.rule import Action, Mode, Origin
from leadboost.domain.rules.stock import Runway, StockFloor
from leadboost.domain.rules.written import BUILT_IN, joined, read_rule, read_rules, write_rule
from leadboost.errors import ConfigError

ONE_OF_EACH = """
rules = [
  {name = "a", kind = "stock_floor"},
  {name = "b", kind = "runway", days = 3},
  {name = "c", kind = "return_rate", rate = 0.2},
  {name = "d", kind = "daily_spend_cap", limit = 250, scope = "account:meta_ads:900"},
  {name = "e", kind = "total_spend_cap", limit = "1000.5", since = 2026-11-01, each = "campaign"},
  {name = "f", kind = "spend_velocity", times = 2.5, minutes = 10},
  {name = "g", kind = "roi_floor", roi = -0.25, min_spend = 50, mode = "shadow"},
  {name = "h", kind = "cash_floor", balance = 5000, as_of = 2026-11-01, floor = -100},
  {name = "i", kind = "ledger_gap", share = 0.1, days = 2},
  {name = "j", kind = "unverified_changes", count = 2, action = "reduce"},
  {name = "k", kind = "source_freshness", hours = 12.5, sources = ["rss", "x"]},
  {name = "l", kind = "model_drift", state = "suspected", protections = {cooldown_s = 60, breaker = 1}},
]
"""


def test_every_kind_reads_back_as_it_was_written() -> None:
    rules = read_rules(tomllib.loads(ONE_OF_EACH))

    again = [read_rule(write_rule(rule)) for rule in rules]

    assert len({rule.kind.name for rule in rules}) == 12
    assert [write_rule(rule) for rule in again] == [write_rule(rule) for rule in rules]
    assert [rule.kind for rule in again] == [rule.kind for rule in rules]


def test_what_is_left_out_is_as_the_kind_has_it() -> None:
    (rule,) = read_rules(tomllib.loads('rules = [{name = "b", kind = "runway", days = 3}]'))

    assert (rule.action, rule.mode, rule.origin) == (Action.REDUCE, Mode.ON, Origin.FILE)
    assert rule.protections == Runway.protections


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[[rules]]\nname = "X y"\nkind = "stock_floor"', "rules[0].name"),
        ('[[rules]]\nname = "x"\nkind = "runway"\ndays = 0', "rules[0].days"),
        ('[[rules]]\nname = "x"\nkind = "runway"\ndays = true', "rules[0].days"),
        ('[[rules]]\nname = "x"\nkind = "runway"', "rules[0].days"),
        ('[[rules]]\nname = "x"\nkind = "daily_spend_cap"\nlimit = nan', "rules[0].limit"),
        ('[[rules]]\nname = "x"\nkind = "daily_spend_cap"\nlimit = -1', "rules[0].limit"),
        ('[[rules]]\nname = "x"\nkind = "roi_floor"\nroi = inf', "rules[0].roi"),
        ('[[rules]]\nname = "x"\nkind = "stock_floor"\naction = "reduce"', "rules[0].action"),
        ('[[rules]]\nname = "x"\nkind = "stock_floor"\nscope = "sku"', "rules[0].scope"),
        ('[[rules]]\nname = "x"\nkind = "stock_floor"\nfloor = 3', "rules[0].floor"),
        ('[[rules]]\nname = "x"\nkind = "stock_floor"\n[rules.protections]\nbreaker = 2',
         "rules[0].protections.breaker"),
        ('[[rules]]\nname = "x"\nkind = "luck"', "rules[0]"),
        ('rules = [{name="x",kind="stock_floor"},{name="x",kind="stock_floor"}]', "rules[1].name"),
        ('[[rule]]\nname = "x"', "rule"),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_its_field(text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_rules(tomllib.loads(text))

    assert [problem.key for problem in caught.value.problems] == [key]
    assert caught.value.problems[0].allowed


def test_a_later_rule_takes_the_place_of_its_name_and_the_built_in_one_stands_without_any() -> None:
    (mine,) = read_rules({"rules": [{"name": "stock_floor", "kind": "stock_floor", "scope": "sku:fan"}]})

    assert joined() == [BUILT_IN]
    assert joined([mine]) == [mine]
    assert isinstance(BUILT_IN.kind, StockFloor)


def test_the_file_that_comes_along_is_sound() -> None:
    path = Path(__file__).parents[2] / "config" / "rules.toml"

    rules = read_rules(tomllib.loads(path.read_text(encoding="utf-8")))

    assert {rule.mode for rule in rules if rule.name != "stock_floor"} == {Mode.SHADOW}
