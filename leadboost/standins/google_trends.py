"""The trending feed of Google Trends, as the contract says, with faults on order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aiohttp import web

from leadboost.standins.api import ApiServer, Handler, Refusal

PACIFIC = timezone(timedelta(hours=-8))
NAMESPACE = "https://trends.google.com/trending/rss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One search; ``at`` is aware, ``news`` holds title, address and publisher of up to three articles."""

    title: str
    at: datetime
    traffic: str = "2000+"
    news: Sequence[tuple[str, str, str]] = ()


class GoogleTrendsServer(ApiServer):
    """Serves the ``trends`` of each place; 404 for a place that it does not know."""

    def __init__(self, trends: dict[str, list[Trend]] | None = None) -> None:
        self.trends = trends or {}
        super().__init__()

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [("GET", "/trending/rss", self._feed, True)]

    def _feed(self, request: web.Request) -> web.Response:
        geo = request.query.get("geo", "")
        if geo not in self.trends:
            raise Refusal(web.Response(status=404, text="<html></html>", content_type="text/html"))
        items = "".join(map(_item, self.trends[geo]))
        body = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
            f'<rss xmlns:ht="{NAMESPACE}" version="2.0"><channel><title>Daily Search Trends</title>'
            f"<link>{NAMESPACE}?geo={geo}</link>{items}</channel></rss>"
        )
        return web.Response(text=body, content_type="text/xml", charset="utf-8")


def _item(trend: Trend) -> str:
    news = "".join(
        f"<ht:news_item><ht:news_item_title>{escape(title)}</ht:news_item_title><ht:news_item_snippet/>"
        f"<ht:news_item_url>{escape(url)}</ht:news_item_url>"
        f"<ht:news_item_source>{escape(publisher)}</ht:news_item_source></ht:news_item>"
        for title, url, publisher in trend.news
    )
    return (
        f"<item><title>{escape(trend.title)}</title>"
        f"<ht:approx_traffic>{escape(trend.traffic)}</ht:approx_traffic>"
        f"<description/><link>{NAMESPACE}</link>"
        f"<pubDate>{format_datetime(trend.at.astimezone(PACIFIC))}</pubDate>{news}</item>"
    )
