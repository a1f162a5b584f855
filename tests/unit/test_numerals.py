from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.numerals import (
    Mark,
    Number,
    decimal_mark,
    is_ambiguous,
    is_missing,
    may_be_currency,
    parse_number,
    shown_mark,
)
from leadboost.errors import InputError

LOCALES: list[tuple[str, Mark]] = [
    (",", "."),
    (".", ","),
    (" ", ","),
    ("\u202f", ","),
    ("'", "."),
    ("’", "."),
    ("", ","),
    ("", "."),
]
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False)


def written(amount: Decimal, group: str, mark: str) -> str:
    whole, _, fraction = f"{amount:,.2f}".partition(".")
    return f"{whole.replace(',', group)}{mark}{fraction}"


@given(AMOUNTS, st.sampled_from(LOCALES))
def test_an_amount_written_in_any_locale_reads_back_the_same(
    amount: Decimal, locale: tuple[str, Mark]
) -> None:
    group, mark = locale

    assert parse_number(written(amount, group, mark)).value == amount


@given(AMOUNTS, st.sampled_from(["$ {}", "${}", "{} €", "US$ {}", "{} USD", "EUR {}", "  {}  "]))
def test_a_currency_mark_does_not_change_the_amount(amount: Decimal, form: str) -> None:
    assert parse_number(form.format(written(abs(amount), ".", ","))).value == abs(amount)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1\u00a0234,56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1,00,000.50", "100000.5"),
        ("1.234.567", "1234567"),
        ("0,058", "0.058"),
        (".5", "0.5"),
        ("5.", "5"),
        ("(1,234.50)", "-1234.5"),
        ("($3)", "-3"),
        ("-$5.20", "-5.2"),
        ("$-5.20", "-5.2"),
        ("\u22127,5", "-7.5"),
        ("12.5-", "-12.5"),
        ("1.5e3", "1500"),
        ("1,5E+3", "1500"),
        ("+4", "4"),
    ],
)
def test_a_number_that_speaks_for_itself_needs_no_neighbours(text: str, value: str) -> None:
    assert parse_number(text).value == Decimal(value)


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [("1,234", ".", "1234"), ("1,234", ",", "1.234"), ("1.234", ".", "1.234"), ("1.234", ",", "1234")],
)
def test_an_open_mark_is_read_as_the_column_says(text: str, decimal: Mark, value: str) -> None:
    assert is_ambiguous(text)
    assert shown_mark(text) is None
    assert parse_number(text, decimal).value == Decimal(value)


def test_the_decimal_mark_of_a_column_is_what_most_clear_values_show() -> None:
    assert decimal_mark(["1.234", "12,50", "7", "1.000,5", "3.5"]) == ","
    assert decimal_mark(["1.234", "7", "2,345"]) is None


def test_a_percentage_is_a_hundredth() -> None:
    assert parse_number("12,5 %") == Number(Decimal("0.125"), percent=True)


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "1,23,4",
        "1..2",
        "--5",
        "(5",
        "5)",
        "$",
        ".",
        "12 abc",
        "1 2",
        "1.2.3",
        "0x10",
        "1e",
        "€5$",
        "٣",
        "1_000",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a number"):
        parse_number(text)


@given(st.text(max_size=12))
def test_any_text_is_either_a_finite_number_or_refused(text: str) -> None:
    with suppress(InputError):
        assert parse_number(text).value.is_finite()


@pytest.mark.parametrize(
    "text", ["", "  ", "-", "n.a.", "N/A", "NaN", "inf", "-Infinity", "null", "#N/A", "s/d"]
)
def test_placeholders_count_as_missing(text: str) -> None:
    assert is_missing(text)


@pytest.mark.parametrize(
    ("mark", "code", "fits"),
    [
        ("$", "USD", True),
        ("$", "ARS", True),
        ("$", "EUR", False),
        ("us$", "ARS", False),
        ("eur", "EUR", True),
        ("€", "USD", False),
    ],
)
def test_a_currency_sign_fits_only_its_currencies(mark: str, code: str, fits: bool) -> None:
    assert may_be_currency(mark, code) is fits
