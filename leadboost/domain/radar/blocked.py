"""Blocked words, authors and domains, found however they are spelt (see ``fold``)."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from leadboost.domain.pseudonym import Pseudonyms, is_pseudonym
from leadboost.domain.radar.fold import fold
from leadboost.domain.radar.words import U64, Words, read_words

ADDRESS_CHARS: Final = 2048
HOST_CHARS: Final = 253  # RFC 1035

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"']+", re.IGNORECASE)

_PLAIN = re.compile(r"https?://([A-Za-z0-9.-]+)(?:[/?#]|$)")  # what most are, told fast


class BlockedWords:
    """Words and phrases; each matches whole words only, a phrase its words in a row."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = {phrase: read_words([phrase]).hashes for phrase in phrases}
        self._phrases = {phrase: hashes for phrase, hashes in self._phrases.items() if hashes.size}

    def find(self, words: Words) -> dict[int, str]:
        """Return the first blocked phrase of each text that has one, by the number of the text."""
        found: dict[int, str] = {}
        if not self._phrases or not words.hashes.size:
            return found
        owners = words.owners
        for phrase, hashes in self._phrases.items():
            for place in _places(words.hashes, hashes):
                if owners[place] == owners[place + hashes.size - 1]:
                    found.setdefault(int(owners[place]), phrase)
        return found


def _places(hashes: U64, phrase: U64) -> Iterable[int]:
    last = hashes.size - phrase.size
    if last < 0:
        return ()
    matches = np.ones(last + 1, np.bool_)
    for offset, word in enumerate(phrase):
        matches &= hashes[offset : offset + last + 1] == word
    return map(int, np.flatnonzero(matches))


class BlockedAuthors:
    """Names as the sources write them, with or without a leading @ or u/, and pseudonyms as the console
    shows them."""

    def __init__(self, names: Iterable[str], pseudonyms: Pseudonyms) -> None:
        given = set(names)
        self._keyed = {name for name in given if is_pseudonym(name)}
        self._names = {_author(name) for name in given - self._keyed} - {""}
        self._pseudonyms = pseudonyms

    def has(self, author: str | None) -> bool:
        """Whether this author, by name, is blocked; None never is."""
        if author is None:
            return False
        if self._keyed and self._pseudonyms.author(author) in self._keyed:
            return True
        return bool(self._names) and _author(author) in self._names


def _author(name: str) -> str:
    return fold(re.sub(r"^(?:@|/?u/)", "", name.strip().lower()).replace("@", " ")).strip()


class BlockedDomains:
    """Domains with all that lies below them: ``shop.example`` blocks ``www.shop.example`` too."""

    def __init__(self, domains: Iterable[str]) -> None:
        self._domains = {_host(domain) for domain in domains} - {""}

    def find(self, url: str | None, text: str) -> str | None:
        """Return the blocked domain that ``url`` or an address within ``text`` leads to, or None."""
        if not self._domains:
            return None
        linked = _ADDRESS.findall(text) if "://" in text or "www." in text.lower() else ()
        addresses = [*([url] if url else ()), *linked]
        return next((found for address in addresses if (found := self._blocked(address))), None)

    def _blocked(self, address: str) -> str | None:
        host = _host(address[:ADDRESS_CHARS])
        if len(host) > HOST_CHARS:
            return None
        while host not in self._domains:
            _, dot, host = host.partition(".")
            if not dot:
                return None
        return host


def _host(address: str) -> str:
    """The host in the form in which browsers ask for it: lower case, punycode, without a trailing dot."""
    if plain := _PLAIN.match(address):
        return plain[1].lower().strip(".")
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
        return host.strip(".").encode("idna").decode() if not host.isascii() else host.strip(".")
    except ValueError:  # UnicodeError among them: no host that could be asked for
        return ""
