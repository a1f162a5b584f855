"""A route, as data."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from leadboost.console.auth import Role
from leadboost.console.bodies import Query
from leadboost.console.call import JSON_TYPE, SMALL_BODY_BYTES, Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path.

    ``access`` is the lowest role that may call, ``None`` for everyone, or a function that tells by
    the request. For the OpenAPI document are ``body``, ``replies`` (by status, of type ``produces``,
    None without a body), ``json_replies`` (to those who accept JSON, where that is something else) and
    ``problems`` that differ from the usual one. An ``unopened`` route also answers before the actors
    are up and after they are gone.
    """

    method: str
    path: str
    access: Role | Callable[[web.BaseRequest], Role | None] | None
    serve: Callable[[Call], Awaitable[web.StreamResponse]]
    replies: Mapping[int, object]
    json_replies: Mapping[int, object] | None = None
    problems: Mapping[int, object] | None = None
    body: object = None
    query: type[Query] | None = None
    headers: Mapping[str, str] | None = None
    accepts: str = JSON_TYPE
    produces: str = JSON_TYPE
    body_limit: int = SMALL_BODY_BYTES
    unopened: bool = False
