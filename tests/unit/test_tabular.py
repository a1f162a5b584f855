from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.tabular import Row, Table
from leadboost.errors import InputError


def table(data: bytes) -> Table:
    return Table(lambda: BytesIO(data))


def rows(data: bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.cells) for row in table(data) if row.fault is None]


def faults(data: bytes) -> list[tuple[int, str | None]]:
    return [(row.line, row.fault) for row in table(data) if row.fault is not None]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_is_found(encoding: str) -> None:
    read = table("día;año\n1;niño\n".encode(encoding))

    assert read.columns == ("día", "año")
    assert [row.cells for row in read] == [("1", "niño")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_though_others_stand_in_cells(delimiter: str) -> None:
    lines = [("name", "cost"), ("a, b; c", "1,5"), ("x | y", "2,25")]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)

    assert table(text.encode()).delimiter == delimiter
    assert [cells for _, cells in rows(text.encode())] == lines[1:]


def test_a_stated_separator_line_is_obeyed() -> None:
    assert rows(b"sep=;\na;b\n1;2\n") == [(3, ("1", "2"))]


def test_decimal_commas_do_not_pass_for_a_delimiter() -> None:
    read = table(b"day;cost;sales\n1;2,5;3,5\n2;2,5;3,5\n")

    assert (read.delimiter, read.columns) == (";", ("day", "cost", "sales"))


def test_blank_lines_are_no_rows_and_lines_keep_their_numbers() -> None:
    assert rows(b"\r\na,b\r\n\r\n1,2\r\n,\r\n3,4") == [(4, ("1", "2")), (6, ("3", "4"))]


def test_titles_above_the_header_are_left_out() -> None:
    read = table(b"Campaign report\nAll time\nDay,Cost,Value\n2024-11-01,1,2\n2024-11-02,1,2\n")

    assert read.columns == ("Day", "Cost", "Value")
    assert read.skipped_lines == 2


def test_a_quoted_cell_may_hold_lines() -> None:
    assert rows(b'a,b\n"x\ny",2\n3,4\n') == [(2, ("x\ny", "2")), (4, ("3", "4"))]


def test_a_ragged_row_is_a_fault_of_its_own() -> None:
    assert faults(b"a,b,c\n1,2,3\n1,2\n1,2,3,4\n1,2,3,,\n") == [
        (3, "has 2 cells where the header has 3"),
        (4, "has 4 cells where the header has 3"),
    ]


def test_an_open_quote_spoils_its_line_alone() -> None:
    data = b'a,b\n1,"x\n2,y\n3,z\n'

    assert faults(data) == [(2, "opens a quote that is never closed")]
    assert [line for line, _ in rows(data)] == [3, 4]


def test_a_closed_cell_of_too_many_lines_is_one_fault() -> None:
    long = b'1,"' + b'x "" y\n' * 300 + b'"\n'

    assert faults(b"a,b\n" + long + b"2,y\n") == [(2, "holds a cell of more than 200 lines")]
    assert rows(b"a,b\n" + long + b"2,y\n") == [(303, ("2", "y"))]


def test_an_open_quote_before_many_rows_spoils_its_line_alone() -> None:
    data = b'a,b\n1,"x\n' + b"2,y\n" * 300 + b'3,"z"\n4,w\n'

    assert faults(data) == [(2, "opens a quote that is never closed")]
    assert [line for line, _ in rows(data)] == [*range(3, 305)]


def test_a_nul_spoils_its_line_alone() -> None:
    data = b"a,b\n1,\x00\n2,3\n"

    assert faults(data) == [(2, "holds a NUL character")]
    assert rows(data) == [(3, ("2", "3"))]


def test_an_endless_cell_spoils_its_line_alone() -> None:
    data = b"a,b\n1,2\n1," + b"x" * 200_000 + b"\n2,3\n2," + b"x" * 1_200_000 + b"\n4,5\n"

    assert [line for line, _ in faults(data)] == [3, 5]
    assert [line for line, _ in rows(data)] == [2, 4, 6]


def test_repeated_and_empty_names_are_made_distinct() -> None:
    assert table(b"cost,,Cost,x\n1,2,3,4\n").columns == ("cost", "column 2", "Cost (2)", "x")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"hello\nworld\n", "not a table"),
        (b"1,2\n3,4\n", "put a header row on top"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\xff\xd8\xff\xe0" + bytes(range(1, 256)) * 8, "is binary"),
        (b"a,b\n1,2\n" + b"\x00\x01\x02\x03,\x04x\n" * 9, "is binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1", "is binary"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        table(data)


@given(st.text(alphabet='ab12,;\t|"\n\r\0 é', max_size=60))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    try:
        read = table(text.encode())
    except InputError:
        return
    assert all(isinstance(row, Row) for row in read)
    assert all(len(row.cells) == len(read.columns) for row in read if row.fault is None)
