"""The one way from a request to its answer: route, access, handler, errors, headers, metrics."""

import asyncio
from functools import partial
from typing import Final

import structlog
from aiohttp import web
from multidict import CIMultiDict, istr

from leadboost.clock import uuid7
from leadboost.console.auth import Principal, Role
from leadboost.console.call import Call, Surroundings, problem_response
from leadboost.console.origins import SAFE_METHODS
from leadboost.console.problems import (
    CHALLENGE,
    ProblemError,
    internal_error,
    problem_of,
)
from leadboost.console.router import Router
from leadboost.console.routes import ROUTES, Route
from leadboost.console.subprotocols import bearer_of

_log = structlog.get_logger(__name__)

TRACE_HEADER: Final = istr("X-Trace-Id")
_CSP: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
SECURITY_HEADERS: Final = CIMultiDict(
    {
        istr("Server"): "leadboost",
        istr("Cache-Control"): "no-store",
        istr("Content-Security-Policy"): _CSP,
        istr("Cross-Origin-Resource-Policy"): "same-origin",
        istr("Referrer-Policy"): "no-referrer",
        istr("X-Content-Type-Options"): "nosniff",
    }
)
# ASVS 5.0, 3.4.1: a year. Browsers heed it over TLS alone (RFC 6797, section 8.1).
_TLS_ONLY: Final = CIMultiDict({istr("Strict-Transport-Security"): "max-age=31536000"})
_NOBODY: Final = Principal("", Role.VIEWER)
_OWN_SITE: Final = (None, "same-origin", "none")


class Edge:
    """Answers every request; nothing raised below leaves it except cancellation and a lost peer."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._headers = SECURITY_HEADERS.copy()
        if surroundings.origins.public is not None:
            self._headers.extend(_TLS_ONLY)
        self._router = Router(ROUTES)
        self._under_way = 0
        self._idle = asyncio.Event()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        self._under_way += 1
        try:
            return await self._serve(request)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until no request is under way."""
        while self._under_way:
            self._idle.clear()
            await self._idle.wait()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        surroundings = self._surroundings
        started = surroundings.clock.monotonic()
        trace_id = str(uuid7(surroundings.clock, surroundings.rng))
        route = None
        try:
            route, place = self._router.find(request.method, request.rel_url.raw_path)
            principal = _NOBODY
            if (needed := self._needed(request, route)) is not None:
                token = bearer_of(request)
                principal = (
                    await self._by_cookie(request) if token is None else surroundings.tokens.verify(token)
                )
                _refuse_lower(principal, needed)
            note = partial(self._note, request.method, route, started)
            call = Call(request, surroundings, trace_id, principal, place, route.body_limit, note)
            response: web.StreamResponse = await route.serve(call)
        except Exception as error:
            # The edge decides for its request: whatever went wrong becomes an answer.
            if request.transport is None and isinstance(error, ConnectionError):
                raise
            response = _explain(error, trace_id, request.method, route)
        self._finish(response, trace_id)
        if not response.prepared:  # else its handler has sent and noted it
            self._note(request.method, route, started, response.status)
        return response

    def _note(self, method: str, route: Route | None, started: float, status: int) -> None:
        surroundings = self._surroundings
        duration_s = surroundings.clock.monotonic() - started
        if route is None:
            surroundings.metrics.note("any", "unmatched", status, duration_s)
        else:
            surroundings.metrics.note(method, route.path, status, duration_s)

    def refuse_unparsable(self, status: int) -> web.Response:
        """Answer what is not HTTP. The text repeats nothing of it: it may hold a secret."""
        surroundings = self._surroundings
        trace_id = str(uuid7(surroundings.clock, surroundings.rng))
        detail = "This is not an HTTP/1.1 request that can be read, or one of its lines is too long."
        response = problem_response(ProblemError(status, "bad_http", detail), trace_id)
        self._finish(response, trace_id)
        surroundings.metrics.note("any", "unparsable", status, 0.0)
        return response

    def _finish(self, response: web.StreamResponse, trace_id: str) -> None:
        response.headers.merge(self._headers)  # a page has a policy of its own
        response.headers[TRACE_HEADER] = trace_id

    def _needed(self, request: web.BaseRequest, route: Route) -> Role | None:
        """Tell which role the route takes, once nothing else speaks against the request."""
        if request.method not in SAFE_METHODS and request.headers.get("Sec-Fetch-Site") not in _OWN_SITE:
            raise ProblemError(403, "cross_site", "A page of another site may not do this.")
        if not route.unopened and (self._surroundings.handles is None or self._surroundings.closed):
            raise self._closed()
        return route.access(request) if callable(route.access) else route.access

    async def _by_cookie(self, request: web.BaseRequest) -> Principal:
        principal = await self._surroundings.logins.admit(request)
        if principal is None:
            detail = "Sign in, or send Authorization: Bearer TOKEN."
            raise ProblemError(401, "unauthorized", detail, headers=CHALLENGE)
        return principal

    def _closed(self) -> ProblemError:
        mode = self._surroundings.report().mode
        if mode == "running":
            mode = "stopping" if self._surroundings.closed else "starting"
        detail = f"LeadBoost is not at work now ({mode.replace('_', ' ')}); GET /health says more."
        return ProblemError(503, mode, detail, headers={"Retry-After": "1"})


def _refuse_lower(principal: Principal, needed: Role) -> None:
    if principal.role < needed:
        raise ProblemError(403, "forbidden", f"This needs the role {needed}; yours is {principal.role}.")


def _explain(error: Exception, trace_id: str, method: str, route: Route | None) -> web.Response:
    if isinstance(error, web.HTTPException):
        return problem_response(ProblemError(error.status, "http_error", error.reason), trace_id)
    problem = problem_of(error)
    if problem is None:
        path = route.path if route else None
        _log.error("request failed", method=method, route=path, trace_id=trace_id, exc_info=error)
        problem = internal_error()
    return problem_response(problem, trace_id)
