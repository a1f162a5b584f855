"""Which column of a table holds which field: as the caller says, else by known names.

A name is compared in lower case without accents, with every other sign as ``_``; a unit in brackets, as
in ``Cost (EUR)``, is left out. Of several known names in one table the first of the list is taken.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from leadboost.errors import InputError

_UNIT = re.compile(r"[(\[][^)\]]*[)\]]")
_SHOWN_COLUMNS = 40
_SHOWN_CHARS = 40


def plain_name(name: str) -> str:
    """Fold a column's name: ``Campaign Name`` is ``campaign_name``."""
    text = unicodedata.normalize("NFKD", _UNIT.sub(" ", name).casefold())
    bare = "".join(char for char in text if not unicodedata.combining(char))
    return re.sub(r"[^0-9a-z]+", "_", bare).strip("_") or "column"


def find_column(columns: Sequence[str], name: str, asked_by: str) -> int:
    """Find a column that the caller named, exactly or folded. Raises InputError listing the columns."""
    exact = [index for index, column in enumerate(columns) if column == name.strip()]
    folded = [index for index, column in enumerate(columns) if plain_name(column) == plain_name(name)]
    found = exact or folded
    if len(found) == 1:
        return found[0]
    problem = "is in the table more than once" if found else "is not in the table"
    raise InputError(asked_by, f"column {name!r} {problem}; the columns are {listed(columns)}")


def stated_columns(
    columns: Sequence[str],
    stated: Mapping[str, Sequence[str]],
    fields: Collection[str],
    *,
    several: Collection[str] = (),
    short: Mapping[str, str] | None = None,
) -> dict[str, tuple[int, ...]]:
    """Find the columns that ``stated`` names for each of its fields.

    Fields in ``several`` may be made of more than one column; ``short`` maps other names of a field to
    it. Raises InputError (field ``--map``) listing what there is.
    """
    found: dict[str, tuple[int, ...]] = {}
    for said, names in stated.items():
        field = (short or {}).get(said, said)
        if field not in fields:
            raise InputError("--map", f"{said!r} is no field; the fields are {', '.join(fields)}")
        if field in found:
            raise InputError("--map", f"{said!r} is another name of {field}, which is given too")
        if len(names) > 1 and field not in several:
            raise InputError("--map", f"{field} is made of one column, not of {len(names)}")
        found[field] = tuple(find_column(columns, name, f"--map {said}") for name in names)
    return found


def known_column(columns: Sequence[str], aliases: str, taken: Collection[int]) -> int | None:
    """Find the first of the blank-separated ``aliases`` that names a column outside ``taken``."""
    names = [plain_name(column) for column in columns]
    for alias in aliases.split():
        for index, name in enumerate(names):
            if name == alias and index not in taken:
                return index
    return None


def known_columns(
    columns: Sequence[str], aliases: Mapping[str, str], stated: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """Return ``stated`` and, for each other field of ``aliases``, a column of a known name that is free."""
    fields = dict(stated)
    taken = {index for indexes in stated.values() for index in indexes}
    for field, names in aliases.items():
        if field not in fields and (index := known_column(columns, names, taken)) is not None:
            fields[field] = (index,)
            taken.add(index)
    return fields


def unknown_columns(missing: Sequence[str], columns: Sequence[str], hint: str = "") -> InputError:
    """Make the error for fields that no column holds: it names the ``--map`` to use, then ``hint``."""
    maps = " ".join(f"--map {field}=COLUMN" for field in missing)
    reason = f"no column is known to hold it; name it with {maps}{hint}; the columns are {listed(columns)}"
    return InputError(", ".join(missing), reason)


def listed(columns: Sequence[str]) -> str:
    """Write the columns of a table into an error."""
    names = ", ".join(shown(column) for column in columns[:_SHOWN_COLUMNS])
    return names + (", ..." if len(columns) > _SHOWN_COLUMNS else "")


def shown(text: str) -> str:
    """Write foreign text into a message: one line, short, nothing that a terminal would obey."""
    short = text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 3]}..."
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in short
    )
