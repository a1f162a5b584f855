from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.dates import DayParts, decide_orders, month_number, newest_year, split_date, to_date
from leadboost.errors import InputError

TODAY = date(2026, 11, 20)
DAYS = st.dates(min_value=date(1990, 1, 1), max_value=TODAY)
SPANISH = ("ene", "feb", "marzo", "abr", "mayo", "jun", "jul", "ago", "sept", "octubre", "nov.", "diciembre")
CLEAR_FORMS = (
    "{0:%Y-%m-%d}",
    "{0:%Y/%m/%d}",
    "{0:%Y.%m.%d}",
    "{0:%Y%m%d}",
    "{0:%d %b %Y}",
    "{0:%B %d, %Y}",
    "{0:%d-%b-%y}",
    "{0:%a, %d %b %Y 10:20:30 GMT}",
    "{0:%Y-%m-%dT23:59:59Z}",
)


def read(*texts: str) -> list[date]:
    parts = [split_date(text) for text in texts]
    orders = decide_orders(parts, today=TODAY)
    return [to_date(orders.resolve(each), None) for each in parts]


@given(DAYS, st.sampled_from(CLEAR_FORMS))
def test_a_date_that_speaks_for_itself_reads_back(day: date, form: str) -> None:
    assert read(form.format(day)) == [day]


@given(DAYS)
def test_a_spanish_date_reads_back(day: date) -> None:
    assert read(f"{day.day} de {SPANISH[day.month - 1]} de {day.year}") == [day]


@given(st.lists(DAYS, min_size=1, max_size=20), st.sampled_from("/-."), st.booleans())
def test_one_day_above_twelve_settles_the_order_of_all(days: list[date], mark: str, day_first: bool) -> None:
    days = [*days, date(2024, 3, 25)]
    form = "%d{0}%m{0}%Y" if day_first else "%m{0}%d{0}%Y"

    assert read(*(day.strftime(form.format(mark)) for day in days)) == days


def test_each_separator_has_its_own_order() -> None:
    assert read("16-11-2024", "11/16/2024", "6-11-2024", "11/6/2024") == [
        date(2024, 11, 16),
        date(2024, 11, 16),
        date(2024, 11, 6),
        date(2024, 11, 6),
    ]


def test_days_close_together_settle_an_open_order_with_a_note() -> None:
    parts = [split_date(f"{day}/12/2010 08:26") for day in (1, 2, 3, 5)]

    orders = decide_orders(parts, today=TODAY)

    assert [to_date(orders.resolve(each), None).day for each in parts] == [1, 2, 3, 5]
    assert "day first" in orders.notes[0]


def test_an_order_that_would_reach_the_future_is_not_taken() -> None:
    assert read("05/12/2026") == [date(2026, 5, 12)]


@pytest.mark.parametrize(
    "texts",
    [("05/06/2024",), ("01/02/2024", "01/03/2024", "01/04/2024"), ("25/11/2024", "11/25/2024", "05/06/2024")],
)
def test_an_order_that_nothing_settles_is_refused(texts: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="--date-order"):
        read(*texts)


def test_clear_dates_are_read_beside_open_ones() -> None:
    assert read("25/11/2024", "11/25/2024", "07/07/2024") == [
        date(2024, 11, 25),
        date(2024, 11, 25),
        date(2024, 7, 7),
    ]


def test_a_stated_order_settles_everything_open() -> None:
    orders = decide_orders([split_date("05/06/2024")], today=TODAY, stated="dmy")

    assert orders.resolve(split_date("05/06/2024")) == DayParts(2024, 6, 5)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("5.6.24", date(2024, 6, 5)),
        ("98-11-20", date(1998, 11, 20)),
        ("Sept. 3 2024", date(2024, 9, 3)),
        ("November 20th 2024", date(2024, 11, 20)),
        ("1º de enero de 2024", date(2024, 1, 1)),
        ("Mar 3, 2024", date(2024, 3, 3)),
        ("mar 3 mar 2024", date(2024, 3, 3)),
        ("2024-Nov-20", date(2024, 11, 20)),
        ("20 nov. 2024, 10:30", date(2024, 11, 20)),
    ],
)
def test_rarer_forms_are_read(text: str, day: date) -> None:
    assert read(text) == [day]


@pytest.mark.parametrize(
    "text", ["soon", "12/2024", "Nov 2024", "2024-W03", "31/31/2024", "2024-02-30", "20221315", ""]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read(text)


@given(st.text(max_size=14))
def test_any_text_is_either_taken_apart_or_refused(text: str) -> None:
    try:
        parts = split_date(text)
    except InputError:
        return
    decide_orders([parts], today=TODAY)


@pytest.mark.parametrize(
    ("days", "year"),
    [
        ([(4, 1), (5, 15)], 2026),
        ([(12, 1), (4, 1)], 2025),
        ([(11, 20)], 2026),
        ([(2, 29)], 2024),
        ([(2, 30)], 2026),
    ],
)
def test_the_newest_year_puts_no_day_in_the_future(days: list[tuple[int, int]], year: int) -> None:
    assert newest_year(days, TODAY) == year


@pytest.mark.parametrize(
    ("text", "number"), [("April", 4), ("abr.", 4), ("04", 4), ("Diciembre", 12), ("13", None)]
)
def test_months_are_known_by_name_and_number(text: str, number: int | None) -> None:
    assert month_number(text) == number
