"""Names of people, kept as what only a holder of this installation's key can tell again.

A pseudonym is ``~`` and 24 hex digits: the first 96 bits of HMAC-SHA-256 (RFC 2104) over the name. The
same name gives the same one in every source, so that whoever asks to be forgotten is found by the name alone.
"""

import hmac
import re
import unicodedata
from typing import Final

MARK: Final = "~"
_BYTES = 12
_PREFIX = re.compile(r"^(?:@|/?u/)")
_PSEUDONYM = re.compile(r"~[0-9a-f]{24}")


class Pseudonyms:
    """``key`` is a secret of 32 bytes; hosts that share a database must share it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @property
    def fingerprint(self) -> str:
        """What tells two keys apart and gives neither away."""
        return self._digest("key", "")

    def author(self, name: str) -> str:
        """Return the pseudonym of an author, however the name is written: with or without a leading @ or
        u/, in capitals or not. A pseudonym is its own."""
        if is_pseudonym(name):
            return name
        return MARK + self._digest("author", plain_name(name))

    def item(self, source: str, external_id: str) -> str:
        """Return the digest of one item's identity at its source."""
        return self._digest("item", f"{source}\0{external_id}")

    def _digest(self, kind: str, text: str) -> str:
        message = f"{kind}\0{text}".encode("utf-8", "backslashreplace")
        return hmac.digest(self._key, message, "sha256")[:_BYTES].hex()


def is_pseudonym(name: str) -> bool:
    """Whether this is a pseudonym already."""
    return name.startswith(MARK) and _PSEUDONYM.fullmatch(name) is not None


def plain_name(name: str) -> str:
    """Return the name without what sources write before it, in small letters (Unicode NFKC casefolding)."""
    folded = unicodedata.normalize("NFKC", name).casefold()  # some letters have no small one before NFKC
    return _PREFIX.sub("", unicodedata.normalize("NFKC", folded).strip()).strip()
