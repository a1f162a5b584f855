from dataclasses import replace
from datetime import UTC, datetime

import pytest

from leadboost.domain.signal import Signal, content_hash

SIGNAL = Signal(source="rss", external_id="1", text="Fans are gone", title="Heat")


def test_content_hash_ignores_what_sources_change_by_themselves() -> None:
    again = replace(
        SIGNAL,
        engagement={"score": 99.0},
        url="https://x.example/?utm=1",
        author="ana",
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
        extra={"rank": 3},
    )

    assert len(content_hash(SIGNAL)) == 32
    assert content_hash(again) == content_hash(SIGNAL)


@pytest.mark.parametrize(
    "change",
    [
        {"source": "reddit"},
        {"external_id": "2"},
        {"text": "Fans are back"},
        {"title": "Cold"},
        {"title": None},
    ],
)
def test_content_hash_tells_other_content_apart(change: dict[str, str]) -> None:
    assert content_hash(replace(SIGNAL, **change)) != content_hash(SIGNAL)  # type: ignore[arg-type] # any field


def test_content_hash_keeps_fields_apart() -> None:
    one = replace(SIGNAL, title="ab", text="c")
    other = replace(SIGNAL, title="a", text="bc")

    assert content_hash(one) != content_hash(other)


def test_content_hash_never_changes_between_versions() -> None:
    assert content_hash(SIGNAL).hex() == "27ad0ca72a70aa838c587b43bec42cfea54491c2c47ee6ab369646cd830f8b6d"
