"""The little of GAQL that is asked here: SELECT fields FROM campaign or customer, WHERE with AND."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leadboost.standins.google_ads.faults import GoogleAdsError

_QUERY = re.compile(
    r"SELECT (?P<fields>[a-z_., ]+) FROM (?P<source>campaign|customer)(?: WHERE (?P<where>.+))?", re.DOTALL
)
_IN = re.compile(r"(?P<field>[a-z_.]+) IN \((?P<values>[0-9, ]+)\)")
_BETWEEN = re.compile(r"(?P<field>[a-z_.]+) BETWEEN '(?P<low>[0-9-]{10})' AND '(?P<high>[0-9-]{10})'")
_COMPARED = re.compile(r"(?P<field>[a-z_.]+) (?P<sign>=|!=) '(?P<value>[A-Z_]+)'")

Row = Mapping[str, object]
Test = Callable[[Row], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What was asked: the fields by their dotted names, and whether a row of such names belongs."""

    source: str
    fields: Sequence[str]
    tests: Sequence[Test]

    def holds(self, row: Row) -> bool:
        return all(test(row) for test in self.tests)


def parse(text: str) -> Query:
    """Raises GoogleAdsError for what is no such query."""
    found = _QUERY.fullmatch(" ".join(text.split()))
    if found is None:
        raise _wrong("UNEXPECTED_INPUT")
    fields = [field.strip() for field in found["fields"].split(",")]
    return Query(source=found["source"], fields=fields, tests=_tests(found["where"] or ""))


def _tests(where: str) -> list[Test]:
    tests: list[Test] = []
    while where:
        for pattern, make in ((_IN, _is_in), (_BETWEEN, _is_between), (_COMPARED, _is_compared)):
            if found := pattern.match(where):
                tests.append(make(found))
                where = where[found.end() :]
                break
        else:
            raise _wrong("UNEXPECTED_INPUT")
        if where and not where.startswith(" AND "):
            raise _wrong("UNEXPECTED_INPUT")
        where = where.removeprefix(" AND ")
    return tests


def _is_in(found: re.Match[str]) -> Test:
    field, values = found["field"], {value.strip() for value in found["values"].split(",")}
    return lambda row: str(row.get(field)) in values


def _is_between(found: re.Match[str]) -> Test:
    field, low, high = found["field"], found["low"], found["high"]
    return lambda row: low <= str(row.get(field)) <= high


def _is_compared(found: re.Match[str]) -> Test:
    field, value, equal = found["field"], found["value"], found["sign"] == "="
    return lambda row: (row.get(field) == value) is equal


def _wrong(word: str) -> GoogleAdsError:
    return GoogleAdsError(400, "queryError", word, "Error in query: unexpected input.")
