from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadboost.clock import Rng
from leadboost.connectors.rss.parse import parse_feed
from leadboost.console.api_learn import sort_outcomes
from leadboost.domain.signal_intake import read_signal
from leadboost.standins.feed import FeedServer
from leadboost.standins.world.api import ApiError
from leadboost.standins.world.catalogue import CAMPAIGNS, ELSEWHERE, PRODUCTS, STAR
from leadboost.standins.world.desk import ENOUGH, TOPICS, Desk
from leadboost.standins.world.news import FEEDS, REPEATED, SILENT, SPAMMERS, Newsroom
from leadboost.standins.world.results import Results
from leadboost.standins.world.shop import Shop
from leadboost.standins.world.world import World

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Enough(Exception):
    """The test has seen enough pauses."""


class Moving:
    """A clock that a pause moves on; the pause after ``limit`` of them ends the test."""

    def __init__(self, limit: int = 10**9) -> None:
        self.waits: list[float] = []
        self._limit = limit
        self._passed_s = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        return self._passed_s

    async def pause(self, wait_s: float) -> None:
        self.waits.append(wait_s)
        self._passed_s += wait_s
        if len(self.waits) >= self._limit:
            raise Enough


class FakeApi:
    """LeadBoost as the demo's people see it: stock, sales and outcomes in memory."""

    def __init__(self) -> None:
        self.stock: dict[str, dict[str, Any]] = {}
        self.sold: dict[str, int] = {}
        self.keys: list[str] = []
        self.outcomes: dict[str, Mapping[str, Any]] = {}
        self.posts: list[int] = []
        self.failures = 0

    async def get(self, path: str) -> Mapping[str, object]:
        return {
            "items": [{"sku": sku, **row, "available": row["on_hand"]} for sku, row in self.stock.items()]
        }

    async def put(self, path: str, body: Any) -> Mapping[str, object]:
        self.stock.setdefault(path.rpartition("/")[2], {}).update(body)
        return {}

    async def post(self, path: str, body: Any) -> Mapping[str, object]:
        new = [each for each in body if self.outcomes.setdefault(each["external_id"], each) is each]
        self.posts.append(len(new))
        return {"accepted": len(new)}

    async def ask(
        self, method: str, path: str, body: Any, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, object]]:
        self.keys.append(headers["Idempotency-Key"])
        if self.failures:
            self.failures -= 1
            raise ApiError(0, "down")
        row = self.stock[body["sku"]]
        if row["on_hand"] < body["quantity"]:
            return 409, {"available": row["on_hand"]}
        row["on_hand"] -= body["quantity"]
        self.sold[body["sku"]] = self.sold.get(body["sku"], 0) + body["quantity"]
        return 201, {"remaining": row["on_hand"]}


def shop(api: FakeApi, clock: Moving, *, runs: bool = True) -> Shop:
    return Shop(
        api,  # type: ignore[arg-type]  # stands for the HTTP client
        is_running=lambda _: runs,
        clock=clock,
        rng=Rng(5),
        pause=clock.pause,
    )


def results(api: FakeApi, clock: Moving) -> Results:
    return Results(api, clock=clock, rng=Rng("demo"), pause=clock.pause)  # type: ignore[arg-type]  # the same


# -- catalogue ------------------------------------------------------------------------------------


def test_everything_is_labelled_and_sold_with_a_margin() -> None:
    assert all(each.name.startswith("DEMO") for each in (*CAMPAIGNS, *ELSEWHERE))
    assert all(each.sku.startswith("DEMO-") for each in PRODUCTS)
    assert all(name.startswith("demo-") for name in FEEDS)
    assert all(0.2 < 1 - float(each.unit_cost) / float(each.price) < 0.7 for each in PRODUCTS)


# -- shop -----------------------------------------------------------------------------------------


async def test_the_star_is_gone_within_seconds_of_the_first_start() -> None:
    api, clock = FakeApi(), Moving(limit=12)

    with pytest.raises(Enough):
        await shop(api, clock).run()

    rush_s = sum(wait_s for wait_s in clock.waits if wait_s < 1.0)
    assert api.stock[STAR.sku]["on_hand"] == 0
    assert 2 < rush_s < 6


async def test_hours_of_selling_stay_calm_and_run_nothing_out_but_the_star() -> None:
    api, clock = FakeApi(), Moving(limit=5_000)

    with pytest.raises(Enough):
        await shop(api, clock).run()

    others = [each for each in PRODUCTS if each is not STAR]
    assert all(api.stock[each.sku]["on_hand"] > each.floor for each in others)
    assert sum(api.sold.values()) / clock.monotonic() < 1.5
    assert api.sold[STAR.sku] > STAR.batch  # sold out, delivered, sold out again


async def test_what_is_not_advertised_hardly_sells() -> None:
    api, clock = FakeApi(), Moving(limit=1_000)
    api.stock = {each.sku: {"on_hand": each.batch} for each in PRODUCTS}

    with pytest.raises(Enough):
        await shop(api, clock, runs=False).run()

    assert api.sold.get(STAR.sku, 0) < api.sold["DEMO-CAFE-EXP"]


async def test_products_of_an_earlier_start_keep_their_stock() -> None:
    api, clock = FakeApi(), Moving(limit=1)
    api.stock = {each.sku: {"on_hand": 500} for each in PRODUCTS}

    with pytest.raises(Enough):
        await shop(api, clock).run()

    assert all("title" not in row and row["on_hand"] >= 498 for row in api.stock.values())


async def test_an_order_without_an_answer_is_sent_again_under_its_key() -> None:
    api, clock = FakeApi(), Moving(limit=2)
    api.failures = 1
    selling = shop(api, clock)

    with pytest.raises(ApiError):
        await selling.run()
    with pytest.raises(Enough):
        await selling.run()

    assert api.keys[0] == api.keys[1] != api.keys[2]


# -- results --------------------------------------------------------------------------------------


async def test_the_past_is_known_soon_and_then_days_close_one_by_one() -> None:
    api, clock = FakeApi(), Moving(limit=40)

    with pytest.raises(Enough):
        await results(api, clock).run()

    days = [count // len((*CAMPAIGNS, *ELSEWHERE)) for count in api.posts]
    assert (days[0], days[-1], clock.waits[-1]) == (20, 1, 30.0)
    assert max(each["date"] for each in api.outcomes.values()) < "2026-11-20"


async def test_a_restart_posts_the_same_past_and_goes_on_from_there() -> None:
    api = FakeApi()
    with pytest.raises(Enough):
        await results(api, Moving(limit=40)).run()
    before = dict(api.outcomes)

    with pytest.raises(Enough):
        await results(api, restarted := Moving(limit=1)).run()

    assert before.items() <= api.outcomes.items()
    assert len(restarted.waits) == 1


async def test_nothing_is_told_of_days_that_are_not_over() -> None:
    api, clock = FakeApi(), Moving(limit=1_000)

    with pytest.raises(Enough):
        await results(api, clock).run()

    assert (
        max(each["date"] for each in api.outcomes.values()) == f"{clock.now() - timedelta(days=1):%Y-%m-%d}"
    )
    assert clock.waits[-1] == 600.0


def test_outcomes_are_valid_and_their_returns_plausible() -> None:
    rows = results(FakeApi(), Moving()).outcomes(date(2025, 7, 1), date(2025, 7, 20))

    outcomes, skipped, rejected = sort_outcomes(rows, "USD")

    returns = [each.revenue_micros / each.spend_micros for each in outcomes]
    assert (len(outcomes), skipped, rejected) == (160, [], [])
    assert 1.0 < sum(returns) / len(returns) < 5.0


# -- news -----------------------------------------------------------------------------------------


async def test_feeds_hold_valid_signals_and_grow_without_repeating() -> None:
    server, clock = FeedServer(), Moving(limit=200)
    news = Newsroom(server, clock=clock, rng=Rng(1), pause=clock.pause)
    news.open()
    with pytest.raises(Enough):
        await news.run()

    for name in FEEDS:
        page = server.pages[f"/{name}.xml"]
        feed = parse_feed(
            page.body, content_type=page.content_type, url="https://x.example", source=name, now=clock.now()
        )
        signals = [read_signal(item.raw, now=clock.now()) for item in feed.items]
        assert len({signal.external_id for signal in signals}) == len(signals)
        assert len(signals) == (19 if name == SILENT else 30)
        assert {signal.source for signal in signals} == {name}
        assert {signal.author for signal in signals} & set(SPAMMERS)


async def test_the_feeds_repeat_one_another_in_other_words() -> None:
    server, clock = FeedServer(), Moving(limit=200)
    news = Newsroom(server, clock=clock, rng=Rng(1), pause=clock.pause)
    news.open()
    with pytest.raises(Enough):
        await news.run()

    told = {name: {item.text for item in items} for name, items in news._items.items() if name != SILENT}
    copies = {text for texts in told.values() for text in texts if text.endswith(REPEATED)}
    originals = {copy.removesuffix(REPEATED) for copy in copies}
    assert originals & set().union(*told.values())


# -- desk -----------------------------------------------------------------------------------------


class FakeDeskApi:
    """Topics and signals in memory, each signal decided once."""

    def __init__(self, signals: list[dict[str, Any]]) -> None:
        self.topics: list[Mapping[str, object]] = []
        self.signals = {each["id"]: each for each in signals}
        self.said: list[str] = []

    async def get(self, path: str) -> Mapping[str, object]:
        return {"items": self.topics if path == "/api/topics" else list(self.signals.values())}

    async def put(self, path: str, body: Any) -> Mapping[str, object]:
        assert path == "/api/topics"
        self.topics = body["items"]
        return {}

    async def post(self, path: str, body: Any) -> Mapping[str, object]:
        _, id, verdict = path.removeprefix("/api").rsplit("/", 2)
        self.signals[id]["decided_by"] = "demo-world"
        self.said.append(f"{id.rpartition('-')[0]} {verdict}")
        return {}


def told(number: int, author: str, **fields: object) -> dict[str, Any]:
    source = next(iter(FEEDS))
    title = "Miracle pills, 9 percent off" if author == SPAMMERS[0] else "Which fan is quiet?"
    return {"id": f"{author}-{number}", "source": source, "title": title, "decided_by": None, **fields}


def desk_api(*more: dict[str, Any]) -> FakeDeskApi:
    return FakeDeskApi([told(n, each) for each in (SPAMMERS[0], "lucia_m") for n in range(20)] + list(more))


async def sit(api: FakeDeskApi) -> None:
    clock = Moving(limit=60)
    with pytest.raises(Enough):
        await Desk(api, pause=clock.pause).run()  # type: ignore[arg-type]  # stands for the HTTP client


async def test_the_desk_teaches_what_spam_is_and_stops() -> None:
    api = desk_api(told(0, "a visitor", source="elsewhere"))

    await sit(api)

    assert sorted(api.said) == ["gana-dinero-ya reject"] * ENOUGH + ["lucia_m accept"] * ENOUGH
    assert api.topics == list(TOPICS)


async def test_the_desk_leaves_alone_what_others_decided() -> None:
    api = desk_api()
    api.topics = [{"name": "mine"}]
    for each in list(api.signals.values())[:15]:
        each["decided_by"] = "ana"

    await sit(api)

    assert api.topics == [{"name": "mine"}]
    assert set(api.said) == {"lucia_m accept"}


# -- the whole ------------------------------------------------------------------------------------


async def test_the_ad_account_is_as_it_was_left(tmp_path: Path) -> None:
    def world() -> World:
        return World(folder=tmp_path, currency="USD", clock=Moving(), rng=Rng("demo"))

    first = world()
    await first.open()
    first.ads.account.set_status(CAMPAIGNS[0].id, "PAUSED")
    first._save()
    await first.close()

    second = world()
    await second.open()
    statuses = [each.status for each in second.ads.account.campaigns.values()]
    await second.close()

    assert statuses == ["PAUSED", *["ACTIVE"] * (len(CAMPAIGNS) - 1)]


@pytest.mark.parametrize("content", ["", "[]", '{"campaigns": 3}', "\x00"])
async def test_a_damaged_memory_begins_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "demo_world.json").write_text(content)
    world = World(folder=tmp_path, currency="USD", clock=Moving(), rng=Rng("demo"))

    await world.open()
    await world.close()

    assert {each.status for each in world.ads.account.campaigns.values()} == {"ACTIVE"}


async def test_a_failing_part_is_begun_again_after_growing_waits(tmp_path: Path) -> None:
    class Ended(BaseException):
        """Past any supervisor."""

    waits: list[float] = []

    async def pause(wait_s: float) -> None:
        waits.append(wait_s)
        if len(waits) == 9:
            raise Ended

    async def part() -> None:
        raise RuntimeError("a fault of the demo")

    world = World(folder=tmp_path, currency="USD", clock=Moving(), rng=Rng("demo"), pause=pause)
    with pytest.raises(Ended):
        await world._kept("shop", part)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
