"""What the trending feed alone holds: volumes, news, dates in Pacific time."""

from datetime import timedelta

import pytest

from leadboost.clock import Rng
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.google_trends import GoogleTrendsSource
from leadboost.connectors.google_trends.parse import read_trends, read_volume
from leadboost.errors import SourceError
from leadboost.ports import Fetched
from leadboost.standins.api import Fault
from leadboost.standins.google_trends import GoogleTrendsServer, Trend
from tests.contract.source_cases import NOW, Hours, client_of

NEWS = [(f"Ola de calor {number}", f"https://news.example/{number}", "Clarin") for number in range(3)]
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><channel><item><title>&b;</title></item>'


async def fetch(*trends: Trend) -> Fetched:
    clock = Hours(NOW)
    async with GoogleTrendsServer({"AR": list(trends)}) as server, client_of(clock) as client:
        source = GoogleTrendsSource(geo="AR", client=client, base_url=server.url, clock=clock, rng=Rng(1))
        return await source.fetch({})


async def test_trend_becomes_an_item_with_all_its_news() -> None:
    trend = Trend(title="ventilador de pie", at=NOW - timedelta(hours=2), traffic="20K+", news=NEWS)

    (item,) = (await fetch(trend)).items

    assert item["text"] == "ventilador de pie\nOla de calor 0\nOla de calor 1\nOla de calor 2"
    assert (item["url"], item["engagement"]) == ("https://news.example/0", {"searches": 20_000.0})
    assert item["published_at"] == (NOW - timedelta(hours=2)).isoformat()


async def test_same_search_on_another_day_is_another_item() -> None:
    at = NOW - timedelta(hours=2)

    items = (await fetch(Trend(title="Fan", at=at), Trend(title="fan ", at=at - timedelta(days=1)))).items

    assert len({item["external_id"] for item in items}) == 2


async def test_empty_feed_is_no_fault() -> None:
    assert (await fetch()).items == []


@pytest.mark.parametrize(
    ("text", "volume"),
    [("200+", 200), ("20K+", 20_000), ("1M+", 1_000_000), ("50,000+", 50_000), ("many", None), ("", None)],
)
def test_volume_is_expanded_or_left_out(text: str, volume: int | None) -> None:
    assert read_volume(text) == volume


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_before_anything_is_expanded(encoding: str) -> None:
    with pytest.raises(AnswerError, match="document type"):
        read_trends(BOMB.decode().encode(encoding), geo="AR", source="x", now=NOW)


async def test_refusals_back_off_from_half_an_hour_to_six_hours() -> None:
    clock = Hours(NOW)
    async with GoogleTrendsServer({"AR": []}) as server, client_of(clock) as client:
        source = GoogleTrendsSource(geo="AR", client=client, base_url=server.url, clock=clock, rng=Rng(1))
        server.faults.extend([Fault(status=429)] * 6)
        waits = []
        for _ in range(6):
            with pytest.raises(SourceError) as caught:
                await source.fetch({})
            waits.append(caught.value.retry_after_s or 0)

    assert 1_800 <= waits[0] <= 1_980
    assert 21_600 <= waits[5] <= 21_600 * 1.1
