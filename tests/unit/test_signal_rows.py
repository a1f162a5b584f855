import pytest

from leadboost.domain.signal_rows import SignalColumns
from leadboost.errors import InputError


def test_known_columns_become_fields_and_counters_engagement() -> None:
    columns = SignalColumns(["Source", "ID", "Body", "Score", "num_comments", "Subreddit", "url"], {})

    assert columns.to_object(["reddit", "t3_1", "Any good?", "1,204", "n/a", "buyitforlife", ""]) == {
        "source": "reddit",
        "external_id": "t3_1",
        "text": "Any good?",
        "subreddit": "buyitforlife",
        "engagement": {"score": 1204.0},
    }


def test_a_stated_column_and_source_win() -> None:
    columns = SignalColumns(["id", "key", "text"], {"external_id": ["key"]}, "forum")

    assert columns.to_object(["1", "k9", "hello"]) == {
        "source": "forum",
        "id": "1",
        "external_id": "k9",
        "text": "hello",
    }


@pytest.mark.parametrize(
    ("names", "missing"),
    [(["id", "text"], "source"), (["source", "text"], "external_id"), (["source", "id"], "text")],
)
def test_a_missing_column_is_named_with_the_map_to_use(names: list[str], missing: str) -> None:
    with pytest.raises(InputError, match=f"--map {missing}=COLUMN") as error:
        SignalColumns(names, {})

    assert error.value.field == missing
