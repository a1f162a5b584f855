"""Channels that alerts go out by."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from leadboost.domain.alerting.alert import Severity
from leadboost.domain.webhook import read_secret
from leadboost.settings.connectors.section import BASE, BASE_ALLOWED, Key, WebBase, needs
from leadboost.settings.section import (
    Count,
    Seconds,
    Section,
    absolute_path,
    is_loopback,
    one_line,
    refuse_twins,
)

ADDRESS = r"^[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$"
Address = Annotated[str, AfterValidator(one_line), Field(pattern=ADDRESS, max_length=254)]
WeightName = Literal["info", "warning", "critical"]


def _private_url(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None:
        parts = urlsplit(secret.get_secret_value())
        if not parts.hostname or not (parts.scheme == "https" or is_loopback(parts.hostname)):
            raise ValueError("must be an https address; http only for a host on this machine")
    return secret


def _readable(secret: SecretStr) -> SecretStr:
    read_secret(secret.get_secret_value())
    return secret


Url = Annotated[SecretStr | None, AfterValidator(_private_url)]


class ChannelSection(Section):
    """When a channel is told; ``timeout_s`` bounds each try."""

    level: Count = Field(1, ge=1, le=3, description="a number from 1 to 3")
    least: WeightName = Field("warning", description="info, warning or critical")
    timeout_s: Seconds = Field(15, ge=1, le=25, description="a number of seconds from 1 to 25")

    @property
    def severity(self) -> Severity:
        """The least severity that it is told of."""
        return Severity(self.least)


class SlackSettings(ChannelSection):
    """A channel of a Slack workspace."""

    webhook_url: Url = Field(
        None, max_length=500, description="an https address; http only for a host on this machine"
    )
    enabled: bool = Field(False, description="true or false; true needs webhook_url")

    @field_validator("enabled")
    @classmethod
    def _has_url(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "webhook_url")


class WebhookSettings(ChannelSection):
    """A system of one's own."""

    url: Url = Field(
        None, max_length=500, description="an https address; http only for a host on this machine"
    )
    secrets: tuple[Annotated[SecretStr, AfterValidator(_readable)], ...] = Field(
        (), max_length=2, description="a list of 1 or 2 secrets, whsec_ and base64 of 24 to 64 bytes"
    )
    least: WeightName = Field("info", description="info, warning or critical")
    enabled: bool = Field(False, description="true or false; true needs url and secrets")

    @field_validator("enabled")
    @classmethod
    def _has_receiver(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "url", "secrets")


class SmtpSettings(ChannelSection):
    """Mail."""

    host: Annotated[str, AfterValidator(one_line)] | None = Field(
        None, pattern=r"^[A-Za-z0-9_.:-]{1,253}$", description="a name or address of a mail server"
    )
    port: Count = Field(587, ge=1, le=65535, description="a port from 1 to 65535")
    username: str | None = Field(None, max_length=300, description="a name to sign in with")
    password: SecretStr | None = Field(None, max_length=1_000, description="the password of username")
    ca_file: Annotated[Path, AfterValidator(absolute_path)] | None = Field(
        None, description="a file of certificates in PEM"
    )
    sender: Address | None = Field(None, description="a mail address")
    recipients: tuple[Address, ...] = Field(
        (), max_length=20, description="a list of at most 20 mail addresses, each once"
    )
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls, or none: only for a host on this machine"
    )
    enabled: bool = Field(False, description="true or false; true needs host, sender and recipients")

    @field_validator("recipients")
    @classmethod
    def _unique(cls, recipients: tuple[str, ...]) -> tuple[str, ...]:
        refuse_twins("address", list(recipients))
        return recipients

    @field_validator("security")
    @classmethod
    def _not_in_clear(cls, security: str, info: ValidationInfo) -> str:
        host = info.data.get("host")
        if security == "none" and host and not is_loopback(host):
            raise ValueError("would send alerts and the password in clear text")
        return security

    @field_validator("enabled")
    @classmethod
    def _has_server(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "host", "sender", "recipients")


class PagerDutySettings(ChannelSection):
    """A service of PagerDuty."""

    base_url: WebBase = Field("https://events.pagerduty.com", pattern=BASE, description=BASE_ALLOWED)
    routing_key: Key = Field(
        None, min_length=32, max_length=32, description="the integration key of the service, 32 characters"
    )
    least: WeightName = Field("critical", description="info, warning or critical")
    enabled: bool = Field(False, description="true or false; true needs routing_key")

    @field_validator("enabled")
    @classmethod
    def _has_key(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "routing_key")
