"""What can be set: one frozen model. ``config.py`` fills it.

A field's description says what is allowed: it is the text of errors and of ``config/leadboost.toml``.
``section`` is what all sections are made of, ``connectors`` holds those of the outside services.
"""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from leadboost.domain.currency import CURRENCIES
from leadboost.domain.role import RoleName
from leadboost.log import Format, Level
from leadboost.settings.connectors import ConnectorsSettings
from leadboost.settings.radar import RadarSettings
from leadboost.settings.redis import RedisSettings
from leadboost.settings.section import Count, Seconds, Section, absolute_path, is_loopback, refuse_twins

__all__ = ["ClientSettings", "HttpSettings", "Settings"]


def _refuse_nothing(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("is empty; write . for the folder that the command is run in")
    return value


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("is no currency in use")
    return code


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


Folder = Annotated[Path, BeforeValidator(_refuse_nothing), AfterValidator(absolute_path)]


class HttpSettings(Section):
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
        if not info.data.get("allow_remote", True) and not is_loopback(host):
            raise ValueError("is reachable from outside: set http.allow_remote = true to want that")
        return host


class DatabaseSettings(Section):
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


class ClientSettings(Section):
    """One machine that may ask ``POST /oauth/token`` for a token."""

    id: str = Field(pattern=r"^[!-~]{1,100}$", description="a name of 1 to 100 visible ASCII characters")
    secret: SecretStr = Field(min_length=16, description="a secret of at least 16 characters")
    role: RoleName = Field(description="viewer, operator, approver or admin")


class AuthSettings(Section):
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
        refuse_twins("id", [client.id for client in clients])
        return clients


class LogSettings(Section):
    """What is logged and how it looks."""

    level: Level = Field("info", description="debug, info, warning or error")
    format: Format = Field("auto", description="json, console, or auto: console on a terminal, else json")


class SafetySettings(Section):
    """By which rules ads stop, and how halts are verified and ended."""

    rules: Folder = Field(
        Path("config/rules.toml"), description="a file; one that is not there holds no rules"
    )
    read_back_gap_s: Seconds = Field(10, ge=1, le=300, description="a number of seconds from 1 to 300")
    watch_every_s: Seconds = Field(50, ge=5, le=3600, description="a number of seconds from 5 to 3600")
    resume_approvals: Count = Field(2, ge=1, le=5, description="a number of persons from 1 to 5")
    cool_off_s: Seconds = Field(60, ge=0, le=86_400, description="a number of seconds from 0 to 86400")


class AlertsSettings(Section):
    """How long alerts wait for somebody."""

    escalate_after_s: Seconds = Field(
        900, ge=10, le=86_400, description="a number of seconds from 10 to 86400"
    )
    rounds: Count = Field(6, ge=0, le=100, description="a number from 0 to 100")
    quiet_s: Seconds = Field(900, ge=0, le=86_400, description="a number of seconds from 0 to 86400")


CRASH_POINTS = (
    "sale.committed",
    "halt.recorded",
    "halt.accepted",
    "resume.committed",
    "hearing.claimed",
    "hearing.marked",
    "hearing.committed",
    "learning.taught",
    "model.inserted",
    "model.marked",
    "model.committed",
)


class TestingSettings(Section):
    """For drills alone."""

    crash_points: bool = Field(False, description="true or false; true only outside the production profile")


class Settings(Section):
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
    redis: RedisSettings = RedisSettings()
    auth: AuthSettings = AuthSettings()
    log: LogSettings = LogSettings()
    connectors: ConnectorsSettings = ConnectorsSettings()
    radar: RadarSettings = RadarSettings()
    safety: SafetySettings = Field(default_factory=SafetySettings)
    alerts: AlertsSettings = AlertsSettings()
    testing: TestingSettings = TestingSettings()
    crash: str | None = Field(
        None,
        pattern=f"^({'|'.join(CRASH_POINTS)})(@[1-9])?$",
        description=f"one of {', '.join(CRASH_POINTS)}; halt.recorded@2 is its second time",
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
