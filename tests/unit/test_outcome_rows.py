from collections.abc import Sequence
from datetime import date
from io import BytesIO

import pytest

from leadboost.domain.outcome import Outcome
from leadboost.domain.outcome_rows import OutcomeTable, Reading, Rejected, Repeated, Skipped, Taken
from leadboost.domain.outcome_survey import OutcomeOptions
from leadboost.domain.tabular import Table
from leadboost.errors import InputError

TODAY = date(2026, 11, 20)


def table(text: str, options: OutcomeOptions | None = None) -> OutcomeTable:
    return OutcomeTable(Table(lambda: BytesIO(text.encode())), options or OutcomeOptions(), TODAY)


def outcomes(readings: Sequence[Reading] | OutcomeTable) -> list[Outcome]:
    return [reading.outcome for reading in readings if isinstance(reading, Taken)]


def reasons(readings: Sequence[Reading] | OutcomeTable) -> list[tuple[int, str]]:
    return [(each.row.line, each.reason) for each in readings if isinstance(each, Skipped | Rejected)]


PARTS = """month,day,campaign_number,banner,displays,cost,clicks,revenue,post_click_sales_amount
April,1,camp 1,160 x 600,4,0.006,0,0,0
April,1,camp 1,240 x 400,20170,26.7824,158,28.9717,1972.4602
May,15,camp 3,240 x 400,2,0,0,0,0
April,1,camp 1,160 x 600,4,0.006,0,0,0
"""

DIRTY = """Ad_ID,Campaign_Name,Clicks,Cost,Conversions,Sale_Amount,Ad_Date,Device
A1,Data Anlytics Corse,104,231.88,7,1892.00,11/16/2024,desktop
A2,DataAnalyticsCourse,173,$216.84,8,"$1,679.00",20-11-2024,Desktop
A3,DataAnalyticsCourse,,,9,1624.00,6/11/2024,MOBILE
A4,DataAnalyticsCourse,12,10.5,,,2024-11-05,mobile
"""


def test_a_date_in_two_columns_takes_the_newest_year_without_future_days() -> None:
    read = table(PARTS)

    assert {each.day for each in outcomes(read)} == {date(2026, 4, 1)}
    assert any("2026 was taken" in note for note in read.notes)


def test_a_stated_year_completes_the_date() -> None:
    options = OutcomeOptions(stated={"date": ["month", "day"]}, year=2020)

    assert outcomes(table(PARTS, options))[0].day == date(2020, 4, 1)


def test_text_columns_of_few_values_become_attributes() -> None:
    first = outcomes(table(PARTS))[0]

    assert first.attributes == {"campaign_number": "camp 1", "banner": "160 x 600"}
    assert (first.spend_micros, first.impressions, first.revenue_micros) == (6_000, 4, 0)


def test_a_row_without_spend_is_skipped_with_its_reason() -> None:
    assert reasons(table(PARTS)) == [(4, "spend is zero, so there is no return to learn")]


def test_equal_rows_without_an_id_stay_apart_and_keep_their_ids_on_a_rerun() -> None:
    first, again = (outcomes(table(PARTS)) for _ in range(2))

    assert len({each.external_id for each in first}) == 3
    assert [each.external_id for each in first] == [each.external_id for each in again]


def test_a_dirty_file_loads_with_every_reject_explained() -> None:
    read = table(DIRTY)

    assert [(each.day.day, each.spend_micros) for each in outcomes(read)] == [
        (16, 231_880_000),
        (20, 216_840_000),
    ]
    assert reasons(read) == [(4, "spend is missing"), (5, "revenue is missing")]


def test_both_locales_of_a_file_give_the_same_outcomes() -> None:
    english = (
        "ID,C Date,Campaign Name,Mark Spent,Orders,Revenue\n1,2021-02-01,facebOOK_tier2,16300.2,3,14962.0\n"
    )
    other = (
        "\ufeffid;c_date;campaign_name;mark_spent;orders;revenue\r\n"
        "1;2021-02-01;facebook_tier2;16300,2;3;14962,0\r\n"
    )

    assert outcomes(table(english)) == outcomes(table(other)) != []


def test_spanish_names_and_decimal_commas_are_understood() -> None:
    text = (
        "Fecha;Plataforma;Importe gastado;Ingresos;Impresiones\n20/11/2024;Meta Ads;1.234,56 €;3.000;12.500\n"
    )

    only = outcomes(table(text, OutcomeOptions(currency="EUR")))[0]

    assert (only.platform, only.spend_micros, only.revenue_micros) == (
        "meta ads",
        1_234_560_000,
        3_000_000_000,
    )
    assert only.impressions == 12_500


def test_an_open_mark_follows_the_other_columns_and_is_noted() -> None:
    read = table('date,cost,revenue\n2024-11-01,"1,234",10.5\n2024-11-02,"2,345",11.5\n')

    assert [each.spend_micros for each in outcomes(read)] == [1_234_000_000, 2_345_000_000]
    assert any("mark between thousands" in note for note in read.notes)


def test_an_id_seen_before_is_known_when_alike_and_rejected_otherwise() -> None:
    read = list(
        table(
            "id,date,cost,revenue\n7,2024-11-01,1,2\n7,2024-11-01,1.0,2\n7,2024-11-01,1,3\n8,2024-11-01,1,2\n"
        )
    )

    assert [type(each) for each in read] == [Taken, Repeated, Rejected, Taken]
    assert reasons(read) == [(4, "id '7' stands in line 2 already with other values")]


def test_an_ad_id_is_no_id_of_a_row_unless_stated() -> None:
    text = "ad_id,day,cost,revenue\n71,2024-11-01,1,2\n72,2024-11-01,1,2\n71,2024-11-02,1,2\n"
    day = "ad_id,day,cost,revenue\n72,2024-11-01,5,2\n"
    stated = OutcomeOptions(stated={"id": ["ad_id"]})

    read = table(text)
    ids = [each.external_id for each in outcomes(read)]

    assert len(set(ids)) == 3
    assert outcomes(table(day))[0].external_id == ids[1]
    assert any("--map id='ad_id'" in note for note in read.notes)
    assert outcomes(table(day, stated))[0].external_id == "72"


def grown(rows: int) -> str:
    """Each row has a campaign of its own: a text column of few values becomes one of many."""
    lines = [f"2024-11-{1 + n % 28:02d},camp {n},{n % 3}7,5,9\n" for n in range(rows)]
    return "date,campaign,code,cost,revenue\n" + "".join(lines)


def test_a_grown_file_gives_its_old_rows_their_old_ids() -> None:
    small, large = outcomes(table(grown(5))), outcomes(table(grown(90)))

    assert small[0].attributes
    assert not large[0].attributes
    assert [each.external_id for each in large[:5]] == [each.external_id for each in small]
    assert len({each.external_id for each in large}) == 90


def test_stated_attributes_alone_tell_rows_apart() -> None:
    options = OutcomeOptions(attributes=["code"])
    text = "date,campaign,code,cost,revenue\n2024-11-01,{},17,5,9\n2024-11-01,b,18,5,9\n"

    first, again = (outcomes(table(text.format(name), options)) for name in ("a", "renamed"))

    assert [each.external_id for each in first] == [each.external_id for each in again]
    assert first[0].external_id != first[1].external_id


def test_an_inferred_year_stays_out_of_the_id() -> None:
    text = "month,day,cost,revenue\nApril,1,1,2\n"
    next_year = OutcomeTable(Table(lambda: BytesIO(text.encode())), OutcomeOptions(), date(2027, 6, 1))

    now, then = outcomes(table(text))[0], outcomes(next_year)[0]
    stated = outcomes(table(text, OutcomeOptions(year=2026)))[0]

    assert (now.day.year, then.day.year) == (2026, 2027)
    assert now.external_id == then.external_id
    assert stated.external_id != now.external_id


def test_several_spend_columns_are_added_together() -> None:
    options = OutcomeOptions(stated={"spend": ["tv_S", "search_S"]})

    read = table("DATE,revenue,tv_S,search_S\n2015-11-23,2754371.66666667,22358.3466666667,0.5\n", options)

    assert outcomes(read)[0].spend_micros == 22_358_846_667


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2024-11-01,-5,1,", "spend '-5': is negative"),
        ("2024-11-01,abc,1,", "spend 'abc': not a number"),
        ("2024-11-01,12%,1,", "spend '12%': is a percentage, not an amount"),
        ("2024-11-01,1e13,1,", "spend '1e13': 1.0E+13 is too large; the limit is 9223372036854.775807"),
        ("2024-11-01,€5,1,", "spend '€5': is in €, but the base currency is USD: convert it first"),
        ("2024-11-01,5,-1,", "revenue '-1': is negative"),
        ("2024-11-01,5,,", "revenue is missing"),
        ("2024-11-01,5,NaN,", "revenue is missing"),
        ("2024-11-01,5,1,many", "clicks 'many': not a number"),
        ("2024-11-01,5,1,-2", "clicks -2: is negative"),
        ("2024-02-30,5,1,", "date '2024-02-30': no such day in the calendar"),
        ("soon,5,1,", "date 'soon': not a date; write it as 2024-11-20"),
        ("2031-01-01,5,1,", "date '2031-01-01': lies in the future"),
        ("0001-01-01,5,1,", "date '0001-01-01': lies before 1970"),
        (",5,1,", "date is missing"),
        ("2024-11-01,5", "has 2 cells where the header has 4"),
        ("2024-11-01,5,\0,", "holds a NUL character"),
    ],
)
def test_a_bad_row_is_rejected_alone_naming_field_value_and_reason(row: str, reason: str) -> None:
    read = table(f"date,cost,revenue,clicks\n2024-11-01,1,2,3\n{row}\n2024-11-02,1.5,2.5,3\n")

    assert reasons(read) == [(3, reason)]
    assert len(outcomes(read)) == 2


@pytest.mark.parametrize(
    ("header", "options", "field", "reason"),
    [
        ("TV,Radio,Sales", OutcomeOptions(), "date, spend", "--map date=COLUMN --map spend=COLUMN"),
        (
            "date,cost,revenue",
            OutcomeOptions(stated={"spend": ["gone"]}),
            "--map spend",
            "the columns are date",
        ),
        (
            "date,cost,revenue",
            OutcomeOptions(stated={"colour": ["cost"]}),
            "--map",
            "the fields are external_id",
        ),
        ("date,cost,revenue", OutcomeOptions(attributes=["gone"]), "--attribute", "is not in the table"),
        (
            "date,cost,revenue",
            OutcomeOptions(stated={"id": ["cost", "date"]}),
            "--map",
            "one column, not of 2",
        ),
        ("date,cost,cost,revenue", OutcomeOptions(), "spend", "two columns are named 'cost'"),
    ],
)
def test_a_file_without_the_needed_columns_says_what_to_map(
    header: str, options: OutcomeOptions, field: str, reason: str
) -> None:
    with pytest.raises(InputError, match=reason) as error:
        table(f"{header}\n" + ",".join("1" for _ in header.split(",")), options)

    assert error.value.field == field


def test_names_of_columns_are_escaped_in_errors() -> None:
    with pytest.raises(InputError, match=r"columns are a\\x1b\[2J, b") as error:
        table("a\x1b[2J,b\n1,2\n")

    assert str(error.value).isprintable()


def test_a_header_alone_is_refused() -> None:
    with pytest.raises(InputError, match="no row of data"):
        table("date,cost,revenue\n")


def test_readings_add_up_to_the_rows() -> None:
    for text in (PARTS, DIRTY):
        read = table(text)

        assert len(list(read)) == read.rows
