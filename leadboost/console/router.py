"""Finds the route of a request."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from leadboost.console.problems import ProblemError
from leadboost.console.routes import Route

_VARIABLE: Final = re.compile(r"\{\w+\}")
_NONE: Final[Mapping[str, Route]] = {}


class Router:
    """Looks routes up by method and undecoded path; HEAD goes where GET goes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[str, dict[str, Route]] = {}
        self._patterns: dict[re.Pattern[str], dict[str, Route]] = {}
        for route in routes:
            if _VARIABLE.search(route.path):
                methods = self._patterns.setdefault(re.compile(_VARIABLE.sub("([^/]+)", route.path)), {})
            else:
                methods = self._fixed.setdefault(route.path, {})
            methods[route.method] = route
            if route.method == "GET":
                methods["HEAD"] = route

    def find(self, method: str, path: str) -> tuple[Route, Sequence[str]]:
        """Return the route and the decoded variable parts. Raises ProblemError 404, 405 or 400."""
        methods: Mapping[str, Route] | None = self._fixed.get(path)
        place: Sequence[str] = ()
        if methods is None:
            methods, place = self._match(path)
        if (route := methods.get(method)) is not None:
            return route, place
        if not methods:
            raise ProblemError(404, "not_found", "There is nothing at this address.")
        allowed = ", ".join(sorted(methods))
        raise ProblemError(
            405, "method_not_allowed", f"This address answers {allowed}.", headers={"Allow": allowed}
        )

    def _match(self, path: str) -> tuple[Mapping[str, Route], Sequence[str]]:
        for expression, methods in self._patterns.items():
            if (match := expression.fullmatch(path)) is not None:
                return methods, [_decode(part) for part in match.groups()]
        return _NONE, ()


def _decode(part: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise ProblemError(400, "bad_path", "The address is not UTF-8 once it is decoded.") from None
