import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadboost.clock import SystemClock
from leadboost.connectors.firestore.encode import (
    DOCUMENT_BYTES,
    UnfitError,
    document_id,
    encode_value,
    encode_write,
    fit,
)
from leadboost.ports import Document
from leadboost.standins.firestore.documents import Documents
from leadboost.standins.firestore.status import StatusError
from leadboost.standins.firestore.values import decode, encode

NAME = "projects/p/databases/(default)/documents/signals/a"

names = st.text(min_size=1, max_size=20).filter(lambda text: not text.startswith("__"))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=50),
    st.binary(max_size=50),
    st.datetimes(timezones=st.just(UTC)),
)
maps = st.recursive(
    st.dictionaries(names, scalars, max_size=4),
    lambda inner: st.dictionaries(
        names, st.one_of(inner, st.lists(st.one_of(scalars, inner), max_size=3)), max_size=3
    ),
    max_leaves=10,
)


def document(fields: Mapping[str, object]) -> Document:
    return Document(collection="signals", key="a", fields=fields)


def fields_of(write: bytes) -> Mapping[str, Any]:
    """What the stand-in reads out of a write, as Python values."""
    found = Documents("projects/p/databases/(default)/documents/", SystemClock()).read(json.loads(write))
    assert (found.name, found.precondition) == (NAME, {"exists": False})
    assert found.fields is not None
    return found.fields


@settings(max_examples=60, deadline=None)
@given(maps)
def test_what_is_encoded_is_read_back_as_it_was(fields: dict[str, Any]) -> None:
    assert fields_of(encode_write(NAME, document(fields))) == fields


@settings(max_examples=60, deadline=None)
@given(scalars)
def test_scalars_keep_their_type(value: object) -> None:
    assert type(decode(encode_value(value))) is type(value)


@settings(max_examples=60, deadline=None)
@given(maps)
def test_the_two_encodings_agree_on_every_value(fields: dict[str, Any]) -> None:
    assert decode(encode(fields)) == decode(encode_value(fields))


def test_truth_is_no_number_and_whole_numbers_travel_as_text() -> None:
    assert encode_value(True) == {"booleanValue": True}
    assert encode_value(1) == {"integerValue": "1"}
    assert encode_value(1.0) == {"doubleValue": 1.0}


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
)
def test_numbers_that_json_cannot_hold_travel_as_words(value: float, text: str) -> None:
    assert encode_value(value) == {"doubleValue": text}


def test_times_travel_in_utc() -> None:
    at = datetime(2026, 11, 20, 6, 31, 0, 5, tzinfo=timezone(timedelta(hours=-3)))

    assert encode_value(at) == {"timestampValue": "2026-11-20T09:31:00.000005Z"}


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (2**63, "beyond 64 bits"),
        (-(2**63) - 1, "beyond 64 bits"),
        (datetime(2026, 11, 20), "without its zone"),  # noqa: DTZ001  # that is the case
        ([[1]], "directly inside a list"),
        ({"a": [1, (2,)]}, "directly inside a list"),
        ("\ud800", "not Unicode"),
        ({"": 1}, "empty, too long or reserved"),
        ({"__id__": 1}, "reserved"),
        ({"é" * 751: 1}, "too long"),
        (nested(20), "deeper than 20 levels"),
        (timedelta(1), "timedelta has no type"),
    ],
)
def test_what_firestore_cannot_hold_is_refused_with_the_reason(value: object, reason: str) -> None:
    with pytest.raises(UnfitError, match=reason):
        encode_value(value)


def test_nineteen_levels_are_taken_by_both_sides() -> None:
    assert decode(encode_value(nested(19))) == nested(19)
    with pytest.raises(StatusError):
        decode(encode(nested(20)))  # type: ignore[arg-type]  # it is a value all right


def test_a_field_that_cannot_be_held_is_left_out_alone_and_named() -> None:
    fields = fields_of(encode_write(NAME, document({"text": "fan", "extra": {"at": [[1, 2]]}, "n": 2**70})))

    assert fields["text"] == "fan"
    assert set(fields) == {"text", "incomplete"}
    assert fields["incomplete"] == {
        "extra": "left out: a list directly inside a list",
        "n": "left out: a whole number beyond 64 bits",
    }


@pytest.mark.parametrize(
    "text", ["a" * 2_000_000, "é" * 700_000, "\x01" * 400_000, "\x01" * 99_999 + "a" * 990_000]
)
def test_a_text_that_is_too_long_is_cut_to_what_firestore_takes(text: str) -> None:
    write = encode_write(NAME, document({"id": "1", "text": text}))

    fields = fields_of(write)
    assert 0.95 * DOCUMENT_BYTES < len(write) < DOCUMENT_BYTES + 300
    assert text.startswith(fields["text"])
    assert (fields["id"], fields["incomplete"]) == ("1", {"text": "cut"})


def test_what_is_too_large_and_no_text_is_left_out_and_the_rest_stays() -> None:
    large = document({"id": "1", "extra": {"n": ["x" * 600_000] * 2}, "text": "fan"})

    fields = fields_of(encode_write(NAME, large))

    assert fields == {"id": "1", "text": "fan", "incomplete": {"extra": "left out: too large"}}


def test_a_document_of_which_nothing_fits_is_refused() -> None:
    with pytest.raises(UnfitError, match="more than a document can hold"):
        fit({"text": "fan", "n": 1}, limit_bytes=50)


def test_ids_follow_from_the_key_and_do_not_rise_with_it() -> None:
    ids = [document_id(f"signal/{number:08}") for number in range(100)]

    assert len(set(ids)) == 100
    assert ids != sorted(ids)
    assert document_id("signal/00000000") == ids[0]
    assert all(len(each) == 32 and each.isalnum() for each in ids)
