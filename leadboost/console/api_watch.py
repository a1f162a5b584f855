"""What the process says of itself: health, readiness, metrics, events, actors."""

from ipaddress import ip_address

from aiohttp import hdrs, web

from leadboost.console.auth import Role
from leadboost.console.bodies import EventsQuery
from leadboost.console.call import Call, answer, json_response
from leadboost.console.metrics import CONTENT_TYPE
from leadboost.console.problems import ProblemError
from leadboost.console.replies import ActorsReply, Alive, EventsReply
from leadboost.messages.journal import ReadEvents


async def health_check(call: Call) -> web.Response:
    """Answer a person with the console, a program with the health report."""
    if "application/json" in call.request.headers.get(hdrs.ACCEPT, ""):
        return await health(call)
    return call.surroundings.pages.front(call.surroundings.report())


async def asset(call: Call) -> web.Response:
    """Serve a part of the console's page. Its name changes with what it holds, so it may be kept for good."""
    response = call.surroundings.pages.asset(call.place[0])
    if response is None:
        raise ProblemError(404, "not_found", "There is nothing at this address.")
    return response


async def healthz(_: Call) -> web.Response:
    """Answer as long as the process lives."""
    return answer(Alive("ok"))


async def health(call: Call) -> web.Response:
    """Report every component: 200 while running, otherwise 503 with the same body."""
    report = call.surroundings.report()
    return answer(report, 200 if report.mode == "running" else 503)


async def readyz(call: Call) -> web.Response:
    """Tell whether work can be taken: 200, or 503 with the failing checks."""
    readiness = await call.surroundings.readiness()
    return answer(readiness, 200 if readiness.ok else 503)


async def metrics(call: Call) -> web.Response:
    """Write the metrics for Prometheus."""
    text = call.surroundings.metrics.text()
    return web.Response(body=text, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE})


async def openapi(call: Call) -> web.Response:
    """Describe this API."""
    return json_response(call.surroundings.openapi)


async def list_events(call: Call) -> web.Response:
    """Read journalled events after ``since``."""
    query = call.query(EventsQuery)
    page = await call.handles.journal.ask(ReadEvents(since=query.since, epoch=query.epoch, limit=query.limit))
    return answer(EventsReply.of(page))


async def list_actors(call: Call) -> web.Response:
    """Show every actor's queue, counters and last error."""
    return answer(ActorsReply(call.surroundings.stats()))


def local_or_viewer(request: web.BaseRequest) -> Role | None:
    """Let local programs read without a token; whoever comes through a proxy is not local."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For"))
    return None if _is_loopback(request.remote) and not forwarded else Role.VIEWER


def _is_loopback(peer: str | None) -> bool:
    try:
        return ip_address(peer or "").is_loopback
    except ValueError:
        return False
