from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.money import MAX_MICROS, format_micros, to_micros
from leadboost.errors import InputError

MICROS = st.integers(min_value=-MAX_MICROS, max_value=MAX_MICROS)


@given(MICROS)
def test_formatted_micros_read_back_as_the_same_number(micros: int) -> None:
    assert to_micros(format_micros(micros)) == micros


@given(MICROS)
def test_an_amount_in_units_converts_back_exactly(micros: int) -> None:
    assert to_micros(Decimal(micros).scaleb(-6)) == micros


@pytest.mark.parametrize(
    ("amount", "micros"),
    [
        ("0.0000005", 0),
        ("0.0000015", 2),
        ("0.0000025", 2),
        ("-0.0000015", -2),
        (0.1, 100_000),
        (7, 7_000_000),
        (Decimal("0.006"), 6_000),
        ("1e3", 1_000_000_000),
        (" 12.50 ", 12_500_000),
        ("1e-999999", 0),
    ],
)
def test_an_amount_is_rounded_half_to_even_at_six_decimals(
    amount: Decimal | float | int | str, micros: int
) -> None:
    assert to_micros(amount) == micros


@pytest.mark.parametrize(
    "amount", ["9223372036854.775808", "1e999999", float("inf"), float("nan"), "twelve", "", "1,5"]
)
def test_an_impossible_amount_is_refused_naming_its_field(amount: str | float) -> None:
    with pytest.raises(InputError) as error:
        to_micros(amount, "spend")

    assert error.value.field == "spend"


@pytest.mark.parametrize(
    ("micros", "text"), [(0, "0"), (12_500_000, "12.5"), (-1, "-0.000001"), (3_000_000, "3")]
)
def test_micros_are_written_without_trailing_zeros(micros: int, text: str) -> None:
    assert format_micros(micros) == text
