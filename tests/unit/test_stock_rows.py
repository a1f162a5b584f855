from io import BytesIO

import pytest

from leadboost.domain.stock_rows import StockTable
from leadboost.domain.tabular import Table
from leadboost.errors import InputError


def table(text: str) -> StockTable:
    return StockTable(Table(lambda: BytesIO(text.encode())), {}, "EUR")


def test_a_row_sets_what_it_holds_and_leaves_empty_cells_alone() -> None:
    read = list(table("SKU;Existencias;Precio;Nombre\nA 1;1.200;12,50 €;Taza\nB2;;3;\n"))

    assert [(each.sku, each.fields) for each in read] == [
        ("A 1", {"on_hand": 1200, "price": "12.5", "title": "Taza"}),
        ("B2", {"price": "3"}),
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("A,1.5,", "on_hand '1.5': must be a whole number of units"),
        ("A,-1,", "on_hand '-1': is negative"),
        ("A,many,", "on_hand 'many': not a number"),
        (",4,", "sku is missing"),
        ("A,4,$5", "price '$5': is in $, but the base currency is EUR: convert it first"),
        ("A,4", "has 2 cells where the header has 3"),
    ],
)
def test_a_bad_row_is_at_fault_alone(row: str, fault: str) -> None:
    read = list(table(f"sku,on_hand,price\nB,7,1.25\n{row}\n"))

    assert [each.fault for each in read] == [None, fault]


def test_a_table_without_sku_says_what_to_map() -> None:
    with pytest.raises(InputError, match="--map sku=COLUMN"):
        table("name,on_hand\nTaza,4\n")
