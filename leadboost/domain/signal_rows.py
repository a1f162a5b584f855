"""Signals in a table: each row becomes the JSON object that ``POST /api/signals`` takes."""

from collections.abc import Mapping, Sequence

from leadboost.domain.numerals import is_missing, parse_number
from leadboost.domain.outcome_columns import find_column, listed, plain_name
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
    """Which column holds which field; counters go to ``engagement``, all other columns along as they are.

    ``stated`` maps a field to column names and wins over known names; ``source`` is the source of rows
    that name none. Raises InputError naming the field, the columns found and the ``--map`` to use.
    """

    def __init__(
        self, columns: Sequence[str], stated: Mapping[str, Sequence[str]], source: str | None = None
    ) -> None:
        self._source = source
        self._names = [plain_name(column) for column in columns]
        fields = _stated(columns, stated)
        for field, aliases in _ALIASES.items():
            known = [alias for alias in aliases.split() if alias in self._names]
            free = [index for alias in known if (index := self._names.index(alias)) not in fields.values()]
            if field not in fields and free:
                fields[field] = free[0]
        self._fields = {index: field for field, index in fields.items()}
        missing = [field for field in ("source", "external_id") if field not in fields]
        if source is not None:
            missing = [field for field in missing if field != "source"]
        if "text" not in fields and "title" not in fields:
            missing.append("text")
        if missing:
            maps = " ".join(f"--map {field}=COLUMN" for field in missing)
            platform = " (or --platform NAME as the source of all)" if "source" in missing else ""
            reason = f"no column is known to hold it; name it with {maps}{platform}; the columns are "
            raise InputError(", ".join(missing), reason + listed(columns))

    def to_object(self, cells: Sequence[str]) -> dict[str, object]:
        """Make the object of one row; empty cells are left out."""
        item: dict[str, object] = {} if self._source is None else {"source": self._source}
        engagement: dict[str, float] = {}
        for index, text in enumerate(cells):
            name = self._fields.get(index, self._names[index])
            if not text.strip():
                continue
            if name in _COUNTERS.split() and index not in self._fields:
                _count(name, text, engagement)
            else:
                item[name] = text
        if engagement:
            item["engagement"] = engagement
        return item


def _stated(columns: Sequence[str], stated: Mapping[str, Sequence[str]]) -> dict[str, int]:
    fields: dict[str, int] = {}
    for field, names in stated.items():
        field = "external_id" if field == "id" else field
        if field not in _ALIASES:
            raise InputError("--map", f"{field!r} is no field; the fields are {', '.join(_ALIASES)}")
        if len(names) != 1:
            raise InputError("--map", f"{field} is made of one column, not of {len(names)}")
        fields[field] = find_column(columns, names[0], f"--map {field}")
    return fields


def _count(name: str, text: str, engagement: dict[str, float]) -> None:
    if is_missing(text):
        return
    try:
        engagement[name] = float(parse_number(text).value)
    except InputError:
        return
