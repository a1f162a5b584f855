"""Sources of signals that are polled."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from leadboost.settings.connectors.section import (
    BASE,
    BASE_ALLOWED,
    WATCH_NAME,
    Key,
    SourceSection,
    WebBase,
    needs,
)
from leadboost.settings.section import Count, Seconds, Section, host_text, refuse_twins


class FeedSettings(Section):
    """One RSS or Atom feed."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        description="a lower-case name of letters, digits, - and _, for example trade-news",
    )
    url: str = Field(pattern=r"^https?://[^\s/?#@]+([/?]\S*)?$", description="an http or https address")


class RssSettings(SourceSection):
    """RSS and Atom feeds."""

    enabled: bool = Field(True, description="true or false")
    min_interval_s: Seconds = Field(900, ge=1, le=86_400, description="a number of seconds from 1 to 86400")
    timeout_s: Seconds = Field(20, ge=1, le=300, description="a number of seconds from 1 to 300")
    feeds: tuple[FeedSettings, ...] = Field(
        (), description="a list of tables of name and url, each name once"
    )

    @field_validator("feeds")
    @classmethod
    def _unique(cls, feeds: tuple[FeedSettings, ...]) -> tuple[FeedSettings, ...]:
        refuse_twins("name", [feed.name for feed in feeds])
        return feeds

    def source_names(self) -> list[str]:
        return [feed.name for feed in self.feeds]


class RedditListingSettings(Section):
    """What to hear on Reddit: the new posts of subreddits, or a search."""

    name: str = Field(
        pattern=WATCH_NAME, description="a lower-case name of letters, digits, - and _, for example coffee"
    )
    subreddits: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]{1,20}$")], ...] = Field(
        (), max_length=50, description="a list of at most 50 subreddits without r/"
    )
    query: str | None = Field(
        None,
        min_length=1,
        max_length=512,
        description="what to search for, in the subreddits where there are any",
    )

    @field_validator("query")
    @classmethod
    def _asks_for_something(cls, query: str | None, info: ValidationInfo) -> str | None:
        if query is None and not info.data.get("subreddits", True):
            raise ValueError("is missing, and so are subreddits: give one of them")
        return query


class RedditSettings(SourceSection):
    """Reddit's Data API."""

    base_url: WebBase = Field("https://oauth.reddit.com", pattern=BASE, description=BASE_ALLOWED)
    token_url: WebBase = Field(
        "https://www.reddit.com/api/v1/access_token", pattern=BASE, description=BASE_ALLOWED
    )
    site_url: WebBase = Field("https://www.reddit.com", pattern=BASE, description=BASE_ALLOWED)
    client_id: str | None = Field(
        None, pattern=r"^[!-9;-~]{1,100}$", description="the id of the approved app, of type script or web"
    )
    client_secret: Key = Field(None, max_length=200, description="the secret of that app")
    username: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_-]{3,20}$", description="the account that answers for the app, without u/"
    )
    min_interval_s: Seconds = Field(300, ge=60, le=86_400, description="a number of seconds from 60 to 86400")
    overlap_s: Seconds = Field(
        3_600, ge=0, le=604_800, description="a number of seconds from 0 to 604800 before it"
    )
    timeout_s: Seconds = Field(20, ge=1, le=300, description="a number of seconds from 1 to 300")
    listings: tuple[RedditListingSettings, ...] = Field(
        (), description="a list of tables of name, subreddits and query, each name once"
    )
    rss_fallback: bool = Field(
        False, description="true or false; true needs listings, and counts only while enabled is false"
    )
    enabled: bool = Field(
        False, description="true or false; true needs client_id, client_secret, username and listings"
    )

    @field_validator("listings")
    @classmethod
    def _unique(cls, listings: tuple[RedditListingSettings, ...]) -> tuple[RedditListingSettings, ...]:
        refuse_twins("name", [listing.name for listing in listings])
        return listings

    @field_validator("rss_fallback")
    @classmethod
    def _has_listings(cls, rss_fallback: bool, info: ValidationInfo) -> bool:
        return needs(rss_fallback, info, "listings")

    @field_validator("enabled")
    @classmethod
    def _has_credential(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "client_id", "client_secret", "username", "listings")

    def source_names(self) -> list[str]:
        return [f"reddit.{listing.name}" for listing in self.listings]


class NewsSearchSettings(Section):
    """One search for articles."""

    name: str = Field(
        pattern=WATCH_NAME, description="a lower-case name of letters, digits, - and _, for example fans"
    )
    query: str = Field(
        min_length=1,
        max_length=500,
        description='at most 500 characters; "phrase", +must, -not, AND, OR, NOT and ( ) are understood',
    )
    language: Literal["ar", "de", "en", "es", "fr", "he", "it", "nl", "no", "pt", "ru", "sv", "zh"] | None = (
        Field(None, description="ar, de, en, es, fr, he, it, nl, no, pt, ru, sv or zh")
    )
    domains: tuple[Annotated[str, AfterValidator(host_text)], ...] = Field(
        (), max_length=50, description="a list of at most 50 hosts, for example news.example"
    )


class NewsApiSettings(SourceSection):
    """NewsAPI.org."""

    base_url: WebBase = Field("https://newsapi.org", pattern=BASE, description=BASE_ALLOWED)
    api_key: Key = Field(None, max_length=200, description="a key of visible ASCII characters")
    half_day_calls: Count = Field(
        50, ge=1, le=1_000_000, description="a number of calls from 1 to 1000000 in each 12 hours"
    )
    most_articles: Count = Field(
        100, ge=100, le=10_000, description="a number of articles from 100 to 10000 for one search"
    )
    min_interval_s: Seconds = Field(
        3_600, ge=60, le=86_400, description="a number of seconds from 60 to 86400"
    )
    overlap_s: Seconds = Field(
        21_600, ge=0, le=604_800, description="a number of seconds from 0 to 604800 before it"
    )
    timeout_s: Seconds = Field(20, ge=1, le=300, description="a number of seconds from 1 to 300")
    searches: tuple[NewsSearchSettings, ...] = Field(
        (), description="a list of tables of name, query, language and domains, each name once"
    )
    enabled: bool = Field(False, description="true or false; true needs api_key and searches")

    @field_validator("searches")
    @classmethod
    def _unique(cls, searches: tuple[NewsSearchSettings, ...]) -> tuple[NewsSearchSettings, ...]:
        refuse_twins("name", [search.name for search in searches])
        return searches

    @field_validator("enabled")
    @classmethod
    def _has_key(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "api_key", "searches")

    def source_names(self) -> list[str]:
        return [f"newsapi.{search.name}" for search in self.searches]


class GoogleTrendsSettings(SourceSection):
    """The trending feed of Google Trends."""

    base_url: WebBase = Field("https://trends.google.com", pattern=BASE, description=BASE_ALLOWED)
    min_interval_s: Seconds = Field(
        900, ge=600, le=86_400, description="a number of seconds from 600 to 86400"
    )
    timeout_s: Seconds = Field(20, ge=1, le=300, description="a number of seconds from 1 to 300")
    geos: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")], ...] = Field(
        (), description="a list of countries or parts of them such as AR or US-NY, each once"
    )
    enabled: bool = Field(False, description="true or false; true needs geos")

    @field_validator("geos")
    @classmethod
    def _unique(cls, geos: tuple[str, ...]) -> tuple[str, ...]:
        refuse_twins("geo", geos)
        return geos

    @field_validator("enabled")
    @classmethod
    def _has_geos(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "geos")

    def source_names(self) -> list[str]:
        return [f"google_trends.{geo.lower()}" for geo in self.geos]


class XSearchSettings(Section):
    """One search on X."""

    name: str = Field(
        pattern=WATCH_NAME, description="a lower-case name of letters, digits, - and _, for example brand"
    )
    query: str = Field(
        min_length=1,
        max_length=512,
        description='at most 512 characters in X\'s own syntax, for example "fan heater" -is:retweet lang:en',
    )


class XSettings(SourceSection):
    """X's recent search."""

    base_url: WebBase = Field("https://api.x.com", pattern=BASE, description=BASE_ALLOWED)
    bearer_token: Key = Field(None, max_length=1_000, description="a token of visible ASCII characters")
    post_micros: Count = Field(
        5_000, ge=1, le=10_000_000, description="a number of millionths of a US dollar from 1 to 10000000"
    )
    daily_cents: Count = Field(
        100, ge=1, le=1_000_000, description="a number of US cents from 1 to 1000000 in each day, UTC"
    )
    page_posts: Count = Field(10, ge=10, le=100, description="a number of posts from 10 to 100")
    lookback_s: Seconds = Field(3_600, ge=60, le=600_000, description="a number of seconds from 60 to 600000")
    min_interval_s: Seconds = Field(900, ge=60, le=86_400, description="a number of seconds from 60 to 86400")
    overlap_s: Seconds = Field(
        0, ge=0, le=86_400, description="a number of seconds from 0 to 86400 before it"
    )
    timeout_s: Seconds = Field(20, ge=1, le=300, description="a number of seconds from 1 to 300")
    searches: tuple[XSearchSettings, ...] = Field(
        (), description="a list of tables of name and query, each name once"
    )
    enabled: bool = Field(False, description="true or false; true needs bearer_token and searches")

    @field_validator("searches")
    @classmethod
    def _unique(cls, searches: tuple[XSearchSettings, ...]) -> tuple[XSearchSettings, ...]:
        refuse_twins("name", [search.name for search in searches])
        return searches

    @field_validator("enabled")
    @classmethod
    def _has_token(cls, enabled: bool, info: ValidationInfo) -> bool:
        given = info.data
        is_read = given.keys() >= {"page_posts", "post_micros", "daily_cents"}
        if enabled and is_read and given["page_posts"] * given["post_micros"] > given["daily_cents"] * 10_000:
            raise ValueError("a page of page_posts costs more than daily_cents: no call would ever leave")
        return needs(enabled, info, "bearer_token", "searches")

    def source_names(self) -> list[str]:
        return [f"x.{search.name}" for search in self.searches]
