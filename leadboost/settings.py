"""What can be set: one frozen model. ``config.py`` fills it.

A field's description says what is allowed: it is the text of errors and of ``config/leadboost.toml``.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from leadboost.domain.currency import CURRENCIES
from leadboost.domain.role import RoleName
from leadboost.log import Format, Level


def _refuse_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("is true or false, not a number")
    return value


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("the home folder is not known: write the whole path") from error


def _refuse_nothing(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("is empty; write . for the folder that the command is run in")
    return value


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds a control character")
    return text


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("is no currency in use")
    return code


def _host(text: str) -> str:
    """Check one entry; an IPv6 address may stand in brackets, which are taken off."""
    plain = text.replace("[", "").replace("]", "") if text.startswith("[") else text
    name, _, port = plain.rpartition(":")
    if _is_address(plain) or _HOST.fullmatch(plain):
        return plain
    if (_is_address(name) or _HOST.fullmatch(name)) and port.isdecimal() and 1 <= int(port) <= 65535:
        return plain
    raise ValueError("is no host: write a name or one address, for example 10.0.0.7 or feeds.local:8080")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_twins(field: str, names: Sequence[str]) -> None:
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ValueError(f"{field} {', '.join(twins)} stands there more than once")


def _postgres_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    driverless = scheme.split("+")[0].lower()
    if driverless == "sqlite":
        raise ValueError(
            "SQLite is not supported: leave the database address out, and LeadBoost runs its own PostgreSQL"
        )
    if not separator or driverless not in ("postgresql", "postgres"):
        raise ValueError("must begin with postgresql://")
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError("has no valid port; write / @ : in a password as %2F %40 %3A") from None
    return f"postgresql://{rest}"


_HOST = re.compile(r"(?!.*(?:^|\.)\d+\.?$)[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_.])?", re.IGNORECASE)

Count = Annotated[int, BeforeValidator(_refuse_truth)]
Seconds = Annotated[float, BeforeValidator(_refuse_truth)]
Folder = Annotated[Path, BeforeValidator(_refuse_nothing), AfterValidator(_absolute)]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        str_strip_whitespace=True,
        validate_default=True,
        regex_engine="python-re",  # for look-ahead
    )


class HttpSettings(_Section):
    """Where the API listens."""

    allow_remote: bool = Field(False, description="true or false; true lets host be other than loopback")
    host: str = Field("127.0.0.1", pattern=r"^[\w.:-]+$", description="a name or address to listen on")
    port: Count = Field(8000, ge=0, le=65535, description="a port from 0 to 65535; 0 takes a free one")
    public_url: str | None = Field(
        None,
        pattern=r"^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$",
        description="an https address without a path, in lower case, for example https://boost.example",
    )

    @field_validator("host")
    @classmethod
    def _loopback_unless_allowed(cls, host: str, info: ValidationInfo) -> str:
        if not info.data.get("allow_remote", True) and not _is_loopback(host):
            raise ValueError("is reachable from outside: set http.allow_remote = true to want that")
        return host


class DatabaseSettings(_Section):
    """The PostgreSQL to use; without ``url`` the daemon runs its own."""

    url: SecretStr | None = Field(None, description="postgresql://user:password@host:port/name")
    schema_: str = Field(
        "public",
        alias="schema",
        pattern=r"^(?!pg_)[a-z_][a-z0-9_]{0,62}$",
        description="a lower-case name of at most 63 letters, digits and _, not beginning with pg_",
    )
    pool_size: Count = Field(10, ge=2, le=100, description="a number of connections from 2 to 100")

    @field_validator("url")
    @classmethod
    def _postgres_only(cls, url: SecretStr | None) -> SecretStr | None:
        return None if url is None else SecretStr(_postgres_url(url.get_secret_value()))


class ClientSettings(_Section):
    """One machine that may ask ``POST /oauth/token`` for a token."""

    id: str = Field(pattern=r"^[!-~]{1,100}$", description="a name of 1 to 100 visible ASCII characters")
    secret: SecretStr = Field(min_length=16, description="a secret of at least 16 characters")
    role: RoleName = Field(description="viewer, operator, approver or admin")


class AuthSettings(_Section):
    """Who gets in."""

    token_ttl_s: Count = Field(
        86_400, ge=60, le=31_536_000, description="a number of seconds from 60 to 31536000 (a year)"
    )
    clients: tuple[ClientSettings, ...] = Field(
        (), description="a list of tables of id, secret (16 characters or more) and role, each id once"
    )

    @field_validator("clients")
    @classmethod
    def _unique(cls, clients: tuple[ClientSettings, ...]) -> tuple[ClientSettings, ...]:
        _refuse_twins("id", [client.id for client in clients])
        return clients


class LogSettings(_Section):
    """What is logged and how it looks."""

    level: Level = Field("info", description="debug, info, warning or error")
    format: Format = Field("auto", description="json, console, or auto: console on a terminal, else json")


class FeedSettings(_Section):
    """One RSS or Atom feed."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        description="a lower-case name of letters, digits, - and _, for example trade-news",
    )
    url: str = Field(pattern=r"^https?://[^\s/?#@]+([/?]\S*)?$", description="an http or https address")


class RssSettings(_Section):
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
        _refuse_twins("name", [feed.name for feed in feeds])
        return feeds


def _bare_account(value: object) -> object:
    return value.removeprefix("act_") if isinstance(value, str) else value


def _private_base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise ValueError("would send the access token in clear text")
    return url.rstrip("/")


class MetaAdsSettings(_Section):
    """One ad account of Meta."""

    base_url: Annotated[str, AfterValidator(_private_base)] = Field(
        "https://graph.facebook.com",
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="an https address; http only for a host on this machine",
    )
    version: str = Field("v26.0", pattern=r"^v\d{1,3}\.\d$", description="a version such as v26.0")
    access_token: SecretStr | None = Field(
        None, max_length=1_000, description="a token of visible ASCII characters with ads_management"
    )
    app_secret: SecretStr | None = Field(
        None, max_length=200, description="the secret of the app, where it demands appsecret_proof"
    )
    account_id: Annotated[str, BeforeValidator(_bare_account)] | None = Field(
        None, pattern=r"^[0-9]{1,25}$", description="the ad account's number, with or without act_"
    )
    timeout_s: Seconds = Field(10, ge=1, le=60, description="a number of seconds from 1 to 60")

    # Last, so that what it needs has been read: a fault is then its own, and without it there is none.
    enabled: bool = Field(False, description="true or false; true needs access_token and account_id")

    @field_validator("access_token")
    @classmethod
    def _visible(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch(r"[!-~]+", token.get_secret_value()):
            raise ValueError("holds a blank, or a sign that a header cannot carry")
        return token

    @field_validator("enabled")
    @classmethod
    def _has_account(cls, enabled: bool, info: ValidationInfo) -> bool:
        missing = [name for name in ("access_token", "account_id") if info.data.get(name, "") is None]
        if enabled and missing:
            raise ValueError(f"needs {' and '.join(missing)}")
        return enabled


def _header_text(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("holds a blank, or a sign that a header cannot carry")
    return secret


Key = Annotated[SecretStr | None, AfterValidator(_header_text)]
WebBase = Annotated[str, AfterValidator(_private_base)]

_BASE = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
_BASE_ALLOWED = "an https address; http only for a host on this machine"
_WATCH_NAME = r"^[a-z0-9][a-z0-9_-]{0,39}$"


def _needs(enabled: bool, info: ValidationInfo, *names: str) -> bool:
    """Refuse a connector that is enabled without what it needs; a fault of its own says enough."""
    missing = [name for name in names if name in info.data and not info.data[name]]
    if enabled and missing:
        raise ValueError(f"needs {' and '.join(missing)}")
    return enabled


class RedditListingSettings(_Section):
    """What to hear on Reddit: the new posts of subreddits, or a search."""

    name: str = Field(
        pattern=_WATCH_NAME, description="a lower-case name of letters, digits, - and _, for example coffee"
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


class RedditSettings(_Section):
    """Reddit's Data API."""

    base_url: WebBase = Field("https://oauth.reddit.com", pattern=_BASE, description=_BASE_ALLOWED)
    token_url: WebBase = Field(
        "https://www.reddit.com/api/v1/access_token", pattern=_BASE, description=_BASE_ALLOWED
    )
    client_id: str | None = Field(
        None, pattern=r"^[!-9;-~]{1,100}$", description="the id of the approved app, of type script or web"
    )
    client_secret: Key = Field(None, max_length=200, description="the secret of that app")
    username: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_-]{3,20}$", description="the account that answers for the app, without u/"
    )
    min_interval_s: Seconds = Field(300, ge=60, le=86_400, description="a number of seconds from 60 to 86400")
    timeout_s: Seconds = Field(20, ge=1, le=300, description="a number of seconds from 1 to 300")
    listings: tuple[RedditListingSettings, ...] = Field(
        (), description="a list of tables of name, subreddits and query, each name once"
    )

    # Last, as in every connector that needs something.
    enabled: bool = Field(
        False, description="true or false; true needs client_id, client_secret, username and listings"
    )

    @field_validator("listings")
    @classmethod
    def _unique(cls, listings: tuple[RedditListingSettings, ...]) -> tuple[RedditListingSettings, ...]:
        _refuse_twins("name", [listing.name for listing in listings])
        return listings

    @field_validator("enabled")
    @classmethod
    def _has_credential(cls, enabled: bool, info: ValidationInfo) -> bool:
        return _needs(enabled, info, "client_id", "client_secret", "username", "listings")


class NewsSearchSettings(_Section):
    """One search for articles."""

    name: str = Field(
        pattern=_WATCH_NAME, description="a lower-case name of letters, digits, - and _, for example fans"
    )
    query: str = Field(
        min_length=1,
        max_length=500,
        description='at most 500 characters; "phrase", +must, -not, AND, OR, NOT and ( ) are understood',
    )
    language: Literal["ar", "de", "en", "es", "fr", "he", "it", "nl", "no", "pt", "ru", "sv", "zh"] | None = (
        Field(None, description="ar, de, en, es, fr, he, it, nl, no, pt, ru, sv or zh")
    )
    domains: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        (), max_length=50, description="a list of at most 50 hosts, for example news.example"
    )


class NewsApiSettings(_Section):
    """NewsAPI.org."""

    base_url: WebBase = Field("https://newsapi.org", pattern=_BASE, description=_BASE_ALLOWED)
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
    timeout_s: Seconds = Field(20, ge=1, le=300, description="a number of seconds from 1 to 300")
    searches: tuple[NewsSearchSettings, ...] = Field(
        (), description="a list of tables of name, query, language and domains, each name once"
    )
    enabled: bool = Field(False, description="true or false; true needs api_key and searches")

    @field_validator("searches")
    @classmethod
    def _unique(cls, searches: tuple[NewsSearchSettings, ...]) -> tuple[NewsSearchSettings, ...]:
        _refuse_twins("name", [search.name for search in searches])
        return searches

    @field_validator("enabled")
    @classmethod
    def _has_key(cls, enabled: bool, info: ValidationInfo) -> bool:
        return _needs(enabled, info, "api_key", "searches")


class GoogleTrendsSettings(_Section):
    """The trending feed of Google Trends."""

    base_url: WebBase = Field("https://trends.google.com", pattern=_BASE, description=_BASE_ALLOWED)
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
        _refuse_twins("geo", geos)
        return geos

    @field_validator("enabled")
    @classmethod
    def _has_geos(cls, enabled: bool, info: ValidationInfo) -> bool:
        return _needs(enabled, info, "geos")


class XSearchSettings(_Section):
    """One search on X."""

    name: str = Field(
        pattern=_WATCH_NAME, description="a lower-case name of letters, digits, - and _, for example brand"
    )
    query: str = Field(
        min_length=1,
        max_length=512,
        description='at most 512 characters in X\'s own syntax, for example "fan heater" -is:retweet lang:en',
    )


class XSettings(_Section):
    """X's recent search."""

    base_url: WebBase = Field("https://api.x.com", pattern=_BASE, description=_BASE_ALLOWED)
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
    timeout_s: Seconds = Field(20, ge=1, le=300, description="a number of seconds from 1 to 300")
    searches: tuple[XSearchSettings, ...] = Field(
        (), description="a list of tables of name and query, each name once"
    )
    enabled: bool = Field(False, description="true or false; true needs bearer_token and searches")

    @field_validator("searches")
    @classmethod
    def _unique(cls, searches: tuple[XSearchSettings, ...]) -> tuple[XSearchSettings, ...]:
        _refuse_twins("name", [search.name for search in searches])
        return searches

    @field_validator("enabled")
    @classmethod
    def _has_token(cls, enabled: bool, info: ValidationInfo) -> bool:
        given = info.data
        is_read = given.keys() >= {"page_posts", "post_micros", "daily_cents"}
        if enabled and is_read and given["page_posts"] * given["post_micros"] > given["daily_cents"] * 10_000:
            raise ValueError("a page of page_posts costs more than daily_cents: no call would ever leave")
        return _needs(enabled, info, "bearer_token", "searches")


class ConnectorsSettings(_Section):
    """What all outside services share, and one section for each."""

    contact: Annotated[str, AfterValidator(_one_line)] | None = Field(
        None, max_length=200, description="a mail or web address, sent in the User-Agent"
    )
    allow_hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        (),
        description="a list of HOST or HOST:PORT that may be private, for example 127.0.0.1",
    )
    rss: RssSettings = RssSettings()
    reddit: RedditSettings = RedditSettings()
    newsapi: NewsApiSettings = NewsApiSettings()
    google_trends: GoogleTrendsSettings = GoogleTrendsSettings()
    x: XSettings = XSettings()
    meta_ads: MetaAdsSettings = MetaAdsSettings()


class SafetySettings(_Section):
    """How halts are verified and ended."""

    read_back_gap_s: Seconds = Field(10, ge=1, le=300, description="a number of seconds from 1 to 300")
    watch_every_s: Seconds = Field(60, ge=5, le=3600, description="a number of seconds from 5 to 3600")
    resume_approvals: Count = Field(2, ge=1, le=5, description="a number of persons from 1 to 5")
    cool_off_s: Seconds = Field(60, ge=0, le=86_400, description="a number of seconds from 0 to 86400")


CRASH_POINTS = ("sale.committed", "halt.recorded", "halt.accepted", "resume.committed")


class TestingSettings(_Section):
    """For drills alone."""

    crash_points: bool = Field(False, description="true or false; true only outside the production profile")


class Settings(_Section):
    """Everything that can be set."""

    profile: Literal["production", "demo", "test"] = Field(
        "production", description="production, demo or test"
    )
    data_dir: Folder = Field(Path("var"), description="a folder; made when missing")
    currency: Annotated[str, AfterValidator(_currency)] = Field(
        "USD", description="an ISO 4217 code such as USD"
    )
    http: HttpSettings = HttpSettings()
    database: DatabaseSettings = DatabaseSettings()
    auth: AuthSettings = AuthSettings()
    log: LogSettings = LogSettings()
    connectors: ConnectorsSettings = ConnectorsSettings()
    safety: SafetySettings = SafetySettings()
    testing: TestingSettings = TestingSettings()
    crash: str | None = Field(
        None,
        pattern=f"^({'|'.join(CRASH_POINTS)})$",
        description=f"one of {', '.join(CRASH_POINTS)}",
    )

    @field_validator("testing")
    @classmethod
    def _never_in_production(cls, testing: TestingSettings, info: ValidationInfo) -> TestingSettings:
        if testing.crash_points and info.data.get("profile") == "production":
            raise ValueError('crash points are for drills: set profile = "test" to want that')
        return testing

    @property
    def demo(self) -> bool:
        """Whether everything shown is to be labelled as demo data."""
        return self.profile == "demo"
