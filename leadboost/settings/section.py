"""What the sections of the settings are made of: their base, and checks that several of them make."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

_HOST = re.compile(r"(?!.*(?:^|\.)\d+\.?$)[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_.])?", re.IGNORECASE)


def refuse_truth(value: object) -> object:
    """Refuse what Python would take as 0 or 1."""
    if isinstance(value, bool):
        raise ValueError("is true or false, not a number")
    return value


Count = Annotated[int, BeforeValidator(refuse_truth)]
Seconds = Annotated[float, BeforeValidator(refuse_truth)]
Share = Annotated[float, BeforeValidator(refuse_truth)]


class Section(BaseModel):
    """Refuses unknown keys, and checks defaults too."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        str_strip_whitespace=True,
        validate_default=True,
        regex_engine="python-re",  # for look-ahead
    )


def absolute_path(path: Path) -> Path:
    """Return the path from the root on."""
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("the home folder is not known: write the whole path") from error


def one_line(text: str) -> str:
    """Refuse control characters."""
    if not text.isprintable():
        raise ValueError("holds a control character")
    return text


def host_text(text: str) -> str:
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


def is_loopback(host: str) -> bool:
    """Tell whether a name or address is of this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_twins(field: str, names: Sequence[str]) -> None:
    """Raise ValueError when a name stands twice; ``field`` is what names are called."""
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ValueError(f"{field} {', '.join(twins)} stands there more than once")
