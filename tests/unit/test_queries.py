from importlib.resources import files

import pytest

from leadboost.store.queries import _parse, load_queries

NAMES = sorted(
    entry.name.removesuffix(".sql") for entry in files("leadboost.store").joinpath("sql").iterdir()
)


@pytest.mark.parametrize("name", NAMES)
def test_every_sql_file_holds_named_statements(name: str) -> None:
    assert all(statement for statement in _parse(name).values())


def test_an_unknown_query_is_named_in_the_error() -> None:
    with pytest.raises(AttributeError, match=r"leases\.sql has no query begin_trem"):
        _ = load_queries("leases").begin_trem
