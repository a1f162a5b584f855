import pytest

from leadboost.domain.signal_rows import SignalColumns
from leadboost.errors import InputError


def test_known_columns_become_fields_and_counters_engagement() -> None:
    columns = SignalColumns(["Source", "ID", "Body", "Score", "num_comments", "Subreddit", "url"], {})

    assert columns.to_object(["reddit", "t3_1", "Any good?", "1,204", "n/a", "buyitforlife", ""]) == {
        "source": "reddit",
        "external_id": "t3_1",
        "text": "Any good?",
        "engagement": {"score": 1204.0},
        "extra": {"subreddit": "buyitforlife"},
    }


def test_a_stated_column_and_source_win() -> None:
    columns = SignalColumns(["id", "key", "text"], {"external_id": ["key"]}, "forum")

    assert columns.to_object(["1", "k9", "hello"]) == {
        "source": "forum",
        "external_id": "k9",
        "text": "hello",
        "extra": {"id": "1"},
    }


def test_a_stated_column_wins_over_one_with_the_name_of_the_field() -> None:
    columns = SignalColumns(
        ["source", "id", "text", "body", "engagement", "extra"], {"text": ["body"], "source": ["extra"]}
    )

    assert columns.to_object(["a", "1", "the name", "the stated", "high", "b"]) == {
        "source": "b",
        "external_id": "1",
        "text": "the stated",
        "extra": {"source": "a", "text": "the name", "engagement": "high"},
    }


def test_a_repeated_header_keeps_the_first_column_as_the_field() -> None:
    columns = SignalColumns(["source", "id", "text", "text (2)", "likes", "likes (2)", "tag", "tag (2)"], {})

    assert columns.to_object(["s", "1", "a", "b", "3", "4", "x", "y"]) == {
        "source": "s",
        "external_id": "1",
        "text": "a",
        "engagement": {"likes": 3.0},
        "extra": {"text": "b", "likes_6": "4", "tag": "x", "tag_8": "y"},
    }


@pytest.mark.parametrize(
    ("names", "missing"),
    [(["id", "text"], "source"), (["source", "text"], "external_id"), (["source", "id"], "text")],
)
def test_a_missing_column_is_named_with_the_map_to_use(names: list[str], missing: str) -> None:
    with pytest.raises(InputError, match=f"--map {missing}=COLUMN") as error:
        SignalColumns(names, {})

    assert error.value.field == missing
