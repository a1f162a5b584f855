from datetime import UTC, datetime, timedelta

import pytest

from leadboost.domain.signal_intake import read_signal
from leadboost.errors import InputError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def raw(**fields: object) -> dict[str, object]:
    return {"source": "reddit", "external_id": "t3_1", "text": "Where can I buy a fan?"} | fields


def test_signal_keeps_every_given_field_in_normal_form() -> None:
    signal = read_signal(
        raw(
            source=" Reddit ",
            external_id=42,
            title="Fans <b>wanted</b>",
            author="ana\x00",
            url="https://r.example/1",
            published_at="2026-11-20T05:50:00-03:00",
            engagement={"score": 12, "views": None},
            subreddit="heatwave",
        ),
        now=NOW,
    )

    assert (signal.source, signal.external_id, signal.author) == ("reddit", "42", "ana")
    assert (signal.title, signal.url) == ("Fans wanted", "https://r.example/1")
    assert signal.published_at == datetime(2026, 11, 20, 8, 50, tzinfo=UTC)
    assert signal.engagement == {"score": 12.0}
    assert signal.extra == {"subreddit": "heatwave"}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<p>Hot&nbsp;day</p><p>AT&amp;T</p>", "Hot day AT&T"),
        ("a < b and c > d, i <3 fans", "a < b and c > d, i <3 fans"),
        ("see https://x.example/?a=1&copy=2", "see https://x.example/?a=1&copy=2"),
        ("<script>alert(1)</script>ok<!-- no --><style>p{}</style>", "ok"),
        ("kept<script>alert(1)", "kept"),
        ("Hel<b>lo</b><br>world", "Hello world"),
        ("nul\x00 bell\x07 lone\ud800 zero\u200bwidth \u202eflip", "nul bell lone zerowidth flip"),
        ("cafe\u0301 \t\n con\u3000leche", "caf\u00e9 con leche"),
    ],
)
def test_text_is_stripped_of_markup_and_controls(text: str, clean: str) -> None:
    assert read_signal(raw(text=text), now=NOW).text == clean


def test_unclosed_markup_costs_linear_time() -> None:
    for nasty in ("<a", "<a ", "<!--", "<script>", "</", "<a b='", "&#", "<x" + "a" * 500):
        signal = read_signal(raw(text="word " + (nasty * 100_000)[:199_000]), now=NOW)

        assert signal.text.startswith("word")


def test_title_stands_in_for_a_missing_text() -> None:
    signal = read_signal(raw(text=" ", title="Fan shortage"), now=NOW)

    assert signal.text == signal.title == "Fan shortage"


def test_long_prose_is_cut_and_its_full_length_told() -> None:
    signal = read_signal(raw(text="word " * 10_000, title="t" * 900), now=NOW)

    assert len(signal.text) <= 20_000
    assert len(signal.title or "") == 500
    assert signal.extra["text_chars"] == 49_999


@pytest.mark.parametrize(
    ("published_at", "expected"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T08:00:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T08:00:00Z", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        (1_600_000_000, datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        ("1600000000.5", datetime(2020, 9, 13, 12, 26, 40, 500_000, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_published_at_becomes_aware_utc(published_at: object, expected: datetime | None) -> None:
    assert read_signal(raw(published_at=published_at), now=NOW).published_at == expected


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"source": None}, "source: give the source's name"),
        ({"source": "a b"}, "source: "),
        ({"source": "x" * 65}, "source: "),
        ({"external_id": " "}, "external_id: give the item's own id"),
        ({"external_id": "x" * 513}, "external_id: "),
        ({"external_id": True}, "external_id: "),
        ({"text": "<p></p>"}, "text: is empty, and so is title"),
        ({"text": 5}, "text: must be text"),
        ({"text": "x" * 200_001}, "text: has 200,001 characters"),
        ({"title": ["x"]}, "title: must be text"),
        ({"url": "javascript:alert(1)"}, "url: must be a full http:// or https:// address"),
        ({"url": "/r/heatwave"}, "url: "),
        ({"url": "http://[::1"}, "url: "),
        ({"url": "https://" + "x" * 2048}, "url: must be text of at most 2,048"),
        (
            {"url": "https://me:secret@x.example/"},
            "url: must be a full http:// or https:// address without user name",
        ),
        ({"published_at": "yesterday"}, "published_at: must be an ISO 8601 date"),
        ({"published_at": 1_600_000_000_000}, "published_at: "),
        ({"published_at": float("nan")}, "published_at: "),
        ({"published_at": True}, "published_at: "),
        ({"published_at": "0001-01-01T00:00:00+14:00"}, "published_at: "),
        ({"published_at": (NOW + timedelta(hours=25)).isoformat()}, "24 hours in the future"),
        ({"engagement": [1]}, "engagement: must be an object"),
        ({"engagement": {"score": -1}}, "engagement: score must be a number from 0"),
        ({"engagement": {"score": float("inf")}}, "engagement: score"),
        ({"engagement": {"score": "12"}}, "engagement: score"),
        ({"engagement": {"score": 10**400}}, "engagement: score"),
        ({"engagement": {"a b": 1}}, "engagement: counter names"),
        ({"engagement": {str(n): 1 for n in range(33)}}, "engagement: must be an object of at most 32"),
        ({"extra": "x"}, "extra: must be an object"),
        ({"flair": {"deep": "x" * 70_000}}, "extra: takes 70,"),
    ],
)
def test_bad_field_is_refused_by_name(fields: dict[str, object], named: str) -> None:
    with pytest.raises(InputError) as caught:
        read_signal(raw(**fields), now=NOW)

    assert named in str(caught.value)
    assert "secret" not in str(caught.value)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InputError, match=r"source: .*; url: .*"):
        read_signal(raw(source="", url="ftp://x"), now=NOW)


@pytest.mark.parametrize("not_an_object", [None, 5, "text", ["a"]])
def test_what_is_no_object_is_refused(not_an_object: object) -> None:
    with pytest.raises(InputError, match="must be a JSON object"):
        read_signal(not_an_object, now=NOW)


def test_extra_is_made_fit_for_the_database() -> None:
    signal = read_signal(
        raw(a="x\x00y", b=[float("nan"), 2**70], c={"k\x00": {"n": None}}, extra={"d": True}), now=NOW
    )

    assert signal.extra == {"a": "xy", "b": [None, str(2**70)], "c": {"k": {"n": None}}, "d": True}


def test_extra_nested_without_end_is_refused() -> None:
    deep: object = "x"
    for _ in range(500):
        deep = [deep]

    with pytest.raises(InputError, match="nested deeper than 16"):
        read_signal(raw(a=deep), now=NOW)
