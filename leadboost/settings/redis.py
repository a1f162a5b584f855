"""Settings of the mirror: the Redis that hosts share."""

import re
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from leadboost.settings.section import Section


class RedisSettings(Section):
    """The Redis through which hosts on one database talk; without ``url`` there is one host, or they are
    slower."""

    url: SecretStr | None = Field(
        None, description="redis://user:password@host:port/number, rediss:// over TLS, or unix:///path"
    )

    @field_validator("url")
    @classmethod
    def _redis_only(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            _check(url.get_secret_value())
        return url


def _check(url: str) -> None:
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    try:
        parts = urlsplit(url)
        host = parts.hostname or (parts.path if scheme == "unix" else "")
        _ = parts.port
    except ValueError:
        raise ValueError("has no valid port; write / @ : in a password as %2F %40 %3A") from None
    if not host:
        raise ValueError("names no host")
    if scheme != "unix" and not re.fullmatch(r"(/[0-9]{0,5})?", parts.path):
        raise ValueError("must end in the number of a database, for example /0")
