"""Signed messages of other systems: Standard Webhooks, symmetric signatures (``v1``).

The signature is the HMAC-SHA-256 of ``id.timestamp.body`` in base64. A secret is 24 to 64 bytes, written as
``whsec_`` and base64.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

SKEW_S = 300
ID_CHARS = 255
SIGNATURES = 10  # a sender that changes its secret signs with both
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the headers say of a message: ``webhook-id``, ``webhook-timestamp``, ``webhook-signature``."""

    id: str
    timestamp: str
    signature: str


def read_secret(text: str) -> bytes:
    """Decode a secret. Raises ValueError, whose text does not show it."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is not {PREFIX} and base64") from None
    if not text.startswith(PREFIX) or not 24 <= len(secret) <= 64:
        raise ValueError(f"is not {PREFIX} and the base64 of 24 to 64 bytes")
    return secret


def sign(secret: bytes, *, id: str, timestamp: str, body: bytes) -> str:
    """Return one signature, as ``webhook-signature`` holds it."""
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def is_genuine(envelope: Envelope, body: bytes, secrets: Sequence[bytes], *, now: datetime) -> bool:
    """Tell whether one of the secrets signed these very bytes, at most 300 s ago or ahead.

    Without a secret nothing is genuine. ``now`` is aware UTC.
    """
    if not _is_plain(envelope.id) or not _is_timely(envelope.timestamp, now):
        return False
    # Bytes of a header that are no UTF-8 come as lone surrogates, which plain UTF-8 refuses.
    given = [text.encode(errors="backslashreplace") for text in envelope.signature.split(" ")[:SIGNATURES]]
    genuine = False
    for secret in secrets:
        expected = sign(secret, id=envelope.id, timestamp=envelope.timestamp, body=body).encode()
        for each in given:
            genuine |= hmac.compare_digest(each, expected)  # every one, so that the time says nothing
    return genuine


def _is_plain(text: str) -> bool:
    return 1 <= len(text) <= ID_CHARS and text.isascii() and text.isprintable() and " " not in text


def _is_timely(text: str, now: datetime) -> bool:
    is_number = text.isascii() and text.isdecimal() and len(text) <= 12
    return is_number and abs(int(text) - now.timestamp()) <= SKEW_S
