"""What the sections of outside services are made of."""

import re
from abc import ABC, abstractmethod
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, ValidationInfo

from leadboost.settings.section import Section, is_loopback


class SourceSection(Section, ABC):
    """A section of sources that are polled."""

    @abstractmethod
    def source_names(self) -> list[str]:
        """Name every source of this section, whether or not it is enabled."""
        ...


def _private_base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("would send the access token in clear text")
    return url.rstrip("/")


def _header_text(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("holds a blank, or a sign that a header cannot carry")
    return secret


Key = Annotated[SecretStr | None, AfterValidator(_header_text)]
WebBase = Annotated[str, AfterValidator(_private_base)]

BASE = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
BASE_ALLOWED = "an https address; http only for a host on this machine"
WATCH_NAME = r"^[a-z0-9][a-z0-9_-]{0,39}$"


def needs(enabled: bool, info: ValidationInfo, *names: str) -> bool:
    """Refuse a connector that is enabled without what it needs; a fault of its own says enough."""
    missing = [name for name in names if name in info.data and not info.data[name]]
    if enabled and missing:
        raise ValueError(f"needs {' and '.join(missing)}")
    return enabled
