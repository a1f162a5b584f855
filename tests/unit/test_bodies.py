from datetime import date
from decimal import Decimal
from typing import cast

import orjson
import pytest
from pydantic import ValidationError

from leadboost.console.api_learn import sort_outcomes
from leadboost.console.api_sell import order_hash, order_lines
from leadboost.console.bodies import (
    Body,
    OutcomeBody,
    PredictBody,
    PredictItems,
    StockBody,
    faults_of,
    field_path,
)
from leadboost.console.fields import MAX_AMOUNT
from leadboost.console.json_body import MAX_VALUES, parse_exact_json, parse_json
from leadboost.console.problems import ProblemError
from leadboost.console.replies import Refusal, encode
from leadboost.domain.stock import Line

OUTCOME = {"external_id": "a", "platform": "meta_ads", "date": "2026-01-31", "spend": "1.5", "revenue": 3}


def first_fault(model: type[Body], value: object) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    fault = faults_of(caught.value)[0]
    return fault.field, fault.reason


@pytest.mark.parametrize(
    ("amount", "micros"),
    [
        (1, 1_000_000),
        ("0.000001", 1),
        ("12.50", 12_500_000),
        (Decimal("0.1"), 100_000),
        (Decimal("123456789012.123456"), 123_456_789_012_123_456),
        (MAX_AMOUNT, MAX_AMOUNT * 1_000_000),
    ],
)
def test_money_is_kept_exactly(amount: object, micros: int) -> None:
    assert PredictBody.model_validate({"spend": amount}).spend == micros


@pytest.mark.parametrize(
    "amount",
    [
        *(True, None, [], "1_000", "1e3", " 1", "NaN", "Infinity", "١", "", -1, "-0.01"),
        *(MAX_AMOUNT + 1, 10**400, Decimal("NaN"), Decimal("Infinity"), Decimal("1e999"), 0, "0.0000001"),
    ],
)
def test_money_that_is_none_is_refused_by_name(amount: object) -> None:
    assert first_fault(PredictBody, {"spend": amount})[0] == "spend"


def test_a_number_with_many_digits_in_json_loses_none() -> None:
    value = parse_exact_json(b'{"spend": 123456789012.123456}')

    assert PredictBody.model_validate(value).spend == 123_456_789_012_123_456


def test_whole_numbers_beyond_64_bits_stay_exact_wherever_they_stand() -> None:
    value = parse_exact_json(b'{"items": [{"count": 7}, {"count": 18446744073709551617}], "text": "1.5"}')

    assert value == {"items": [{"count": 7}, {"count": 18446744073709551617}], "text": "1.5"}


@pytest.mark.parametrize("day", ["2026-02-30", "31.01.2026", "20260131", "2026-W05-6", 20260131, None])
def test_a_day_that_is_no_iso_date_is_refused_by_name(day: object) -> None:
    assert first_fault(OutcomeBody, {**OUTCOME, "date": day})[0] == "date"


def test_a_field_of_stock_is_left_out_or_given_but_never_null() -> None:
    assert StockBody.model_validate({"floor": 0}).on_hand is None
    assert first_fault(StockBody, {"on_hand": None}) == (
        "on_hand",
        "must not be null; leave the field out to keep what it is",
    )


def test_a_place_in_a_body_is_written_as_a_path() -> None:
    assert field_path(("lines", 0, "sku")) == "lines[0].sku"
    assert field_path(("attributes", "a b", "[key]")) == "attributes.a b"
    assert len(field_path(("x" * 1000,))) == 200


def test_at_most_twenty_faults_are_told() -> None:
    with pytest.raises(ValidationError) as caught:
        PredictBody.model_validate({f"field {number}": 1 for number in range(50)})

    assert len(faults_of(caught.value)) == 20


def test_faults_beyond_counting_are_told_as_one() -> None:
    assert first_fault(PredictBody, dict.fromkeys(map(str, range(20_000)), 1)) == (
        "",
        "has 20001 faults, too many to name; send fewer fields or items at once",
    )


def test_a_list_too_long_is_told_its_bound() -> None:
    too_many = first_fault(PredictItems, {"items": [{"spend": 1}] * 1001})

    assert too_many == ("items", "must have at most 1000 entries")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "zero-length"),
        (b'{"a": 1,}', "line 1 column"),
        (b'{"a":\n NaN}', "line 2 column 2"),
        (b'{"a": "\\ud800"}', "line 1 column"),
        (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
        (b"[" * 2000 + b"]" * 2000, "not readable JSON"),
        (b"[" * 900 + b"]" * 900, "32 levels"),
        (b'{"a": ' + b"9" * 5000 + b"}", "infinity"),
        (b'{"a": 1e-99999999999999999999}', "out of range"),
        (b'{"a": 1e99999999999999999999}', "not readable JSON"),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(body: bytes, told: str) -> None:
    with pytest.raises(ProblemError, match=told) as caught:
        parse_exact_json(body)

    assert (caught.value.status, caught.value.problem_code) == (400, "invalid_json")


def test_nesting_is_bounded() -> None:
    parse_json(b"[" * 32 + b"]" * 32)
    with pytest.raises(ProblemError, match="32 levels"):
        parse_json(b"[" * 33 + b"]" * 33)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"1," * MAX_VALUES + b"1]",
        b"[" + b'"",' * MAX_VALUES * 2 + b'""]',
        b"[" + b"{}," * MAX_VALUES + b"{}]",
        b"[" + b"[[]]," * (MAX_VALUES // 2) + b"[]]",
        b"{" + b'"a":1,' * MAX_VALUES + b'"b":1}',
    ],
    ids=["numbers", "texts", "objects", "arrays", "fields"],
)
def test_too_many_values_are_refused_before_any_is_read(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadboost.console.json_body.orjson.loads", None)

    with pytest.raises(ProblemError, match="100000 values at most; send fewer items") as caught:
        parse_exact_json(body)

    assert (caught.value.status, caught.value.problem_code) == (413, "too_large")


def test_commas_and_braces_inside_a_text_are_no_values() -> None:
    text = 'a, "b", [c], {d}, \\' * MAX_VALUES

    assert parse_json(orjson.dumps([text, 7])) == [text, 7]


def test_as_many_values_as_are_allowed_are_read() -> None:
    assert len(cast(list[object], parse_json(b"[" + b"[]," * (MAX_VALUES // 2 - 2) + b"1]"))) == 49_999


def test_both_forms_of_an_order_with_one_line_are_the_same_order() -> None:
    short = order_lines(b'{"sku": "cup", "quantity": 2}')
    long = order_lines(b'{"lines": [{"quantity": 2, "sku": "cup"}]}')

    assert short == long == (Line(sku="cup", quantity=2),)
    assert order_hash(short) == order_hash(long)


def test_another_quantity_sku_or_order_of_lines_is_another_order() -> None:
    orders = [
        (Line(sku="a", quantity=1), Line(sku="b", quantity=1)),
        (Line(sku="b", quantity=1), Line(sku="a", quantity=1)),
        (Line(sku="a", quantity=1), Line(sku="b", quantity=2)),
        (Line(sku="a", quantity=1),),
    ]

    assert len({order_hash(order) for order in orders}) == 4


def test_each_outcome_is_judged_alone() -> None:
    items: list[object] = [
        OUTCOME,
        {**OUTCOME, "external_id": "b", "spend": 0},
        {**OUTCOME, "external_id": "c", "currency": "USD"},
        "not an object",
        {**OUTCOME, "external_id": "d", "clicks": -1},
        OUTCOME,
    ]

    outcomes, skipped, rejected = sort_outcomes(items, "EUR")

    assert [(each.day, each.spend_micros, each.currency) for each in outcomes] == [
        (date(2026, 1, 31), 1_500_000, "EUR")
    ]
    assert skipped == [Refusal(1, "zero spend")]
    assert rejected == [
        Refusal(2, "currency: must be EUR, the base currency; no rate for another one is set"),
        Refusal(3, "must be an object"),
        Refusal(4, "clicks: must be greater than or equal to 0"),
        Refusal(5, "external_id: is already in item 0 of this request"),
    ]


def test_amounts_leave_as_exact_json_numbers() -> None:
    assert encode({"price": Decimal("123456789012.123456")}) == b'{"price":123456789012.123456}'
    assert orjson.loads(encode({"price": Decimal("0.10")})) == {"price": 0.1}
