"""What a request brought back."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One redirect that was followed: its status and where it led."""

    status: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """The answer at the end of the redirects. ``body`` is decompressed; ``WebClient.get`` leaves it empty
    unless status is 2xx.

    ``headers`` are looked up in any case. ``url`` is the address that answered.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    hops: tuple[Hop, ...] = ()
