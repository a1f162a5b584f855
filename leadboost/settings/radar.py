"""What the radar lets in."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from leadboost.domain.radar.policy import Policy
from leadboost.settings.section import Count, Section, Share, host_text, one_line


def _phrase(text: str) -> str:
    if not re.search(r"\w", text):
        raise ValueError("holds an entry without a letter or digit")
    return one_line(text)


def _domain(text: str) -> str:
    if "." not in text:
        raise ValueError(f"{text} is no domain: write for example spam.example")
    return host_text(text).lower()


def _known(languages: tuple[str, ...]) -> tuple[str, ...]:
    if not languages:
        return languages
    from leadboost.domain.radar.language import LANGUAGES  # brings numpy, which most commands do without

    if unknown := sorted(set(languages) - LANGUAGES):
        raise ValueError(
            f"{', '.join(unknown)} cannot be told from others; known are {', '.join(sorted(LANGUAGES))}"
        )
    return languages


def _key(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not re.fullmatch(r"[0-9a-f]{64}", secret.get_secret_value()):
        raise ValueError("is no key of 64 hexadecimal digits in small letters")
    return secret


Phrase = Annotated[str, Field(max_length=100), AfterValidator(_phrase)]
Domain = Annotated[str, Field(max_length=253), AfterValidator(_domain)]


class RadarSettings(Section):
    """What is worth hearing, and what counts as a copy."""

    blocked_words: tuple[Phrase, ...] = Field(
        (),
        max_length=500,
        description="a list of at most 500 words or phrases of at most 100 characters",
    )
    blocked_authors: tuple[Phrase, ...] = Field(
        (),
        max_length=5000,
        description="a list of at most 5000 names as their sources write them, or pseudonyms",
    )
    blocked_domains: tuple[Domain, ...] = Field(
        (), max_length=5000, description="a list of at most 5000 domains such as spam.example"
    )
    languages: Annotated[tuple[str, ...], AfterValidator(_known)] = Field(
        (), description="a list of ISO 639-1 codes such as en; an empty one lets every language in"
    )
    min_chars: Count = Field(3, ge=1, le=1000, description="a number of characters from 1 to 1000")
    spam_above: Share = Field(0.8, ge=0.5, le=1, description="a number from 0.5 to 1; 1 rejects nothing")
    near_duplicate_at: Share = Field(0.8, ge=0.8, le=1, description="a number from 0.8 to 1")
    author_key: Annotated[SecretStr | None, AfterValidator(_key)] = Field(
        None, description="64 hexadecimal digits in small letters"
    )
    replace_author_key: bool = Field(False, description="true or false")
    keep_texts_days: Count = Field(30, ge=1, le=30, description="a number of days from 1 to 30")
    keep_signals_days: Count = Field(180, ge=30, le=180, description="a number of days from 30 to 180")

    @property
    def policy(self) -> Policy:
        """What of this concerns single signals."""
        return Policy(
            blocked_words=self.blocked_words,
            blocked_authors=self.blocked_authors,
            blocked_domains=self.blocked_domains,
            languages=frozenset(self.languages),
            min_chars=self.min_chars,
            spam_above=self.spam_above,
        )
