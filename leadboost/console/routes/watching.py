"""What is looked at: pages, health, events, actors."""

from typing import Final

from leadboost.console import api_watch, bodies, live, replies
from leadboost.console.auth import Role
from leadboost.console.routes.route import Route
from leadboost.messages.health import HealthReport, Readiness

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="GET",
        path="/",
        access=None,
        serve=api_watch.health_check,
        replies={200: str},
        json_replies={200: HealthReport, 503: HealthReport},
        produces="text/html",
        unopened=True,
    ),
    Route(
        method="GET",
        path="/assets/{name}",
        access=None,
        serve=api_watch.asset,
        replies={200: bytes},
        produces="application/octet-stream",
        unopened=True,
    ),
    Route(
        method="GET",
        path="/healthz",
        access=None,
        serve=api_watch.healthz,
        replies={200: replies.Alive},
        unopened=True,
    ),
    Route(
        method="GET",
        path="/health",
        access=None,
        serve=api_watch.health,
        replies={200: HealthReport, 503: HealthReport},
        unopened=True,
    ),
    Route(
        method="GET",
        path="/readyz",
        access=None,
        serve=api_watch.readyz,
        replies={200: Readiness, 503: Readiness},
        unopened=True,
    ),
    Route(
        method="GET",
        path="/metrics",
        access=api_watch.local_or_viewer,
        serve=api_watch.metrics,
        replies={200: str},
        produces="text/plain",
        unopened=True,
    ),
    Route(
        method="GET",
        path="/openapi.json",
        access=None,
        serve=api_watch.openapi,
        replies={200: dict},
        unopened=True,
    ),
    Route(
        method="GET",
        path="/api/events",
        access=Role.VIEWER,
        serve=api_watch.list_events,
        query=bodies.EventsQuery,
        replies={200: replies.EventsReply},
    ),
    Route(
        method="GET",
        path="/dashboard/ws",
        access=Role.VIEWER,
        serve=live.watch,
        query=bodies.LiveQuery,
        replies={101: None},
    ),
    Route(
        method="GET",
        path="/api/actors",
        access=Role.VIEWER,
        serve=api_watch.list_actors,
        replies={200: replies.ActorsReply},
    ),
)
