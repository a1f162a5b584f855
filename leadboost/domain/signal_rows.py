"""Signals in a table: each row becomes the JSON object that ``POST /api/signals`` takes."""

from collections.abc import Mapping, Sequence

from leadboost.domain.columns import known_columns, plain_name, stated_columns, unknown_columns
from leadboost.domain.numerals import is_missing, parse_number
from leadboost.errors import InputError

_ALIASES: Mapping[str, str] = {
    "source": "source platform network fuente plataforma red",
    "external_id": "external_id id post_id tweet_id item_id guid name fullname identificador",
    "text": "text body selftext content message caption description summary tweet texto contenido mensaje",
    "title": "title headline titulo titular",
    "url": "url link permalink enlace",
    "author": "author user username screen_name autor usuario",
    "published_at": "published_at created_at created_utc published date timestamp datetime fecha publicado",
}
_COUNTERS = """score ups upvotes likes comments num_comments replies shares retweets views plays favorites
    saves me_gusta comentarios compartidos vistas"""


class SignalColumns:
    """Which column holds which field; counters go to ``engagement``, all other columns to ``extra``.

    ``stated`` maps a field to column names and wins over known names; ``source`` is the source of rows
    that name none. Raises InputError naming the field, the columns found and the ``--map`` to use.
    """

    def __init__(
        self, columns: Sequence[str], stated: Mapping[str, Sequence[str]], source: str | None = None
    ) -> None:
        self._source = source
        found = stated_columns(columns, stated, _ALIASES, short={"id": "external_id"})
        fields = known_columns(columns, _ALIASES, found)
        _refuse_gaps(columns, fields, source)
        self._fields = {index: field for field, (index,) in fields.items()}
        names = {i: plain_name(column) for i, column in enumerate(columns) if i not in self._fields}
        firsts = {name: index for index, name in reversed(names.items())}
        self._counters = {index: name for name, index in firsts.items() if name in _COUNTERS.split()}
        self._rest = {
            index: name if firsts[name] == index else f"{name}_{index + 1}"
            for index, name in names.items()
            if index not in self._counters
        }

    def to_object(self, cells: Sequence[str]) -> dict[str, object]:
        """Make the object of one row; empty cells are left out."""
        filled = {index: text for index, text in enumerate(cells) if text.strip()}
        item: dict[str, object] = {} if self._source is None else {"source": self._source}
        item |= {field: filled[index] for index, field in self._fields.items() if index in filled}
        counts = {name: _count(filled[i]) for i, name in self._counters.items() if i in filled}
        if engagement := {name: count for name, count in counts.items() if count is not None}:
            item["engagement"] = engagement
        if extra := {name: filled[index] for index, name in self._rest.items() if index in filled}:
            item["extra"] = extra
        return item


def _refuse_gaps(columns: Sequence[str], fields: Mapping[str, object], source: str | None) -> None:
    missing = [field for field in ("source", "external_id") if field not in fields]
    if source is not None:
        missing = [field for field in missing if field != "source"]
    if "text" not in fields and "title" not in fields:
        missing.append("text")
    if missing:
        platform = " (or --platform NAME as the source of all)" if "source" in missing else ""
        raise unknown_columns(missing, columns, platform)


def _count(text: str) -> float | None:
    if is_missing(text):
        return None
    try:
        return float(parse_number(text).value)
    except InputError:
        return None
