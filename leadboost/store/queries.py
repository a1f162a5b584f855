"""Named SQL: ``store/sql/<name>.sql`` holds blocks that code reaches by name."""

import re
from importlib.resources import files

_BLOCK = re.compile(r"^-- name: *(\w+) *\n-- *(\S.*)\n", re.MULTILINE)


class Queries:
    """The statements of one file as attributes. The file is read at the first use of one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, query: str) -> str:
        if query.startswith("_"):
            raise AttributeError(query)
        self.__dict__.update(_parse(self._name))
        try:
            return str(self.__dict__[query])
        except KeyError:
            raise AttributeError(f"{self._name}.sql has no query {query}") from None


def load_queries(name: str) -> Queries:
    """Give access to ``sql/<name>.sql``.

    A block starts with ``-- name: verb_noun`` and one comment line of description. Using an
    unknown name raises AttributeError; a damaged file raises ValueError.
    """
    return Queries(name)


def _parse(name: str) -> dict[str, str]:
    text = files("leadboost.store").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    if text.count("-- name:") != len(_BLOCK.findall(text)):
        raise ValueError(f"{name}.sql: every block needs '-- name: verb_noun' and a line of description")
    parts = _BLOCK.split(text)
    names, bodies = parts[1::3], parts[3::3]
    if len(set(names)) != len(names):
        raise ValueError(f"{name}.sql: a name is used twice")
    return {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
