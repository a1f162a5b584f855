"""Every route, as data: the router, the access check and the OpenAPI document all read this table."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from leadboost.console import (
    api_access,
    api_accounts,
    api_hear,
    api_learn,
    api_push,
    api_radar,
    api_safety,
    api_sell,
    api_session,
    api_sources,
    api_watch,
    bodies,
    live,
    replies,
)
from leadboost.console.auth import Role
from leadboost.console.call import BULK_BODY_BYTES, JSON_TYPE, SMALL_BODY_BYTES, Call
from leadboost.messages.health import HealthReport, Readiness
from leadboost.messages.scout import SourceStatus


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
    query: type[bodies.Query] | None = None
    headers: Mapping[str, str] | None = None
    accepts: str = JSON_TYPE
    produces: str = JSON_TYPE
    body_limit: int = SMALL_BODY_BYTES
    unopened: bool = False


_KEY: Final = {
    api_sell.KEY_HEADER: "1 to 255 visible ASCII characters; the same key sells once, for 30 days."
}
_SIGNED: Final = {
    api_push.ID_HEADER: "The message's own id, up to 255 visible ASCII characters; taken in once.",
    api_push.TIMESTAMP_HEADER: "When it was sent, in Unix seconds, at most 300 s ago.",
    api_push.SIGNATURE_HEADER: "v1, and the HMAC-SHA-256 of id.timestamp.body in base64 (Standard Webhooks).",
}

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
        method="POST",
        path="/oauth/token",
        access=None,
        serve=api_access.issue_token,
        body=bodies.TokenForm,
        accepts=api_access.FORM_TYPE,
        replies={
            200: replies.TokenReply,
            400: replies.TokenRefusal,
            401: replies.TokenRefusal,
            429: replies.TokenRefusal,
        },
    ),
    Route(
        method="GET",
        path="/api/session",
        access=Role.VIEWER,
        serve=api_session.get_session,
        replies={200: replies.SessionReply},
        unopened=True,
    ),
    Route(
        method="POST",
        path="/api/session",
        access=None,
        serve=api_session.sign_in,
        body=bodies.SignInBody,
        replies={200: replies.SessionReply},
        body_limit=api_session.BODY_BYTES,
    ),
    Route(
        method="DELETE",
        path="/api/session",
        access=None,
        serve=api_session.sign_out,
        replies={200: replies.SignedOut},
        unopened=True,
    ),
    Route(
        method="POST",
        path="/api/session/first",
        access=None,
        serve=api_session.sign_in_first,
        body=bodies.FirstBody,
        replies={200: replies.SessionReply},
        body_limit=api_session.BODY_BYTES,
    ),
    Route(
        method="GET",
        path="/api/accounts",
        access=Role.ADMIN,
        serve=api_accounts.list_accounts,
        replies={200: replies.AccountsReply},
    ),
    Route(
        method="POST",
        path="/api/accounts",
        access=Role.ADMIN,
        serve=api_accounts.create_account,
        body=bodies.AccountBody,
        query=bodies.WriteQuery,
        replies={200: replies.DryRun, 201: replies.AccountCreated},
        body_limit=api_session.BODY_BYTES,
    ),
    Route(
        method="POST",
        path="/predict",
        access=Role.VIEWER,
        serve=api_learn.predict_roi,
        body=bodies.PredictBody | bodies.PredictItems,
        replies={200: replies.ForecastReply | replies.Forecasts},
        body_limit=BULK_BODY_BYTES,
    ),
    Route(
        method="POST",
        path="/api/signals",
        access=Role.OPERATOR,
        serve=api_hear.hear_signals,
        body=bodies.SignalBody | list[bodies.SignalBody] | bodies.SignalItems,
        query=bodies.WriteQuery,
        replies={200: replies.SignalsReply | replies.DryRun},
        body_limit=BULK_BODY_BYTES,
    ),
    Route(
        method="GET",
        path="/api/signals",
        access=Role.VIEWER,
        serve=api_hear.list_signals,
        query=bodies.SignalsQuery,
        replies={200: replies.SignalsPage},
    ),
    Route(
        method="POST",
        path="/api/signals/{id}/accept",
        access=Role.OPERATOR,
        serve=api_radar.accept_signal,
        body=bodies.DecisionBody,
        query=bodies.WriteQuery,
        replies={200: replies.SignalDecided | replies.DryRun},
    ),
    Route(
        method="POST",
        path="/api/signals/{id}/reject",
        access=Role.OPERATOR,
        serve=api_radar.reject_signal,
        body=bodies.DecisionBody,
        query=bodies.WriteQuery,
        replies={200: replies.SignalDecided | replies.DryRun},
    ),
    Route(
        method="GET",
        path="/api/topics",
        access=Role.VIEWER,
        serve=api_radar.list_topics,
        replies={200: replies.TopicsReply},
    ),
    Route(
        method="PUT",
        path="/api/topics",
        access=Role.OPERATOR,
        serve=api_radar.replace_topics,
        body=bodies.TopicsBody,
        query=bodies.WriteQuery,
        replies={200: replies.TopicsReplaced | replies.DryRun},
        body_limit=BULK_BODY_BYTES,
    ),
    Route(
        method="POST",
        path="/hooks/signals/{name}",
        access=None,  # the message is signed
        serve=api_push.push_signals,
        body=bodies.SignalBody | list[bodies.SignalBody] | bodies.SignalItems,
        headers=_SIGNED,
        replies={202: replies.PushReply},
        body_limit=api_push.BODY_BYTES,
    ),
    Route(
        method="GET",
        path="/api/sources",
        access=Role.VIEWER,
        serve=api_sources.list_sources,
        replies={200: replies.SourcesReply},
    ),
    Route(
        method="POST",
        path="/api/sources/{name}/mute",
        access=Role.OPERATOR,
        serve=api_sources.mute_source,
        body=bodies.MuteBody,
        query=bodies.WriteQuery,
        replies={200: SourceStatus | replies.DryRun},
    ),
    Route(
        method="POST",
        path="/api/outcomes",
        access=Role.OPERATOR,
        serve=api_learn.record_outcomes,
        body=bodies.OutcomeBody | list[bodies.OutcomeBody] | bodies.OutcomeItems,
        query=bodies.WriteQuery,
        replies={200: replies.OutcomesReply | replies.DryRun},
        body_limit=BULK_BODY_BYTES,
    ),
    Route(
        method="GET",
        path="/api/model",
        access=Role.VIEWER,
        serve=api_learn.get_model,
        replies={200: replies.ModelReply},
    ),
    Route(
        method="POST",
        path="/api/model/rollback",
        access=Role.APPROVER,
        serve=api_learn.roll_back,
        body=bodies.RollbackBody,
        query=bodies.WriteQuery,
        replies={200: replies.RollbackReply | replies.DryRun},
    ),
    Route(
        method="PUT",
        path="/api/stock/{sku}",
        access=Role.OPERATOR,
        serve=api_sell.put_stock,
        body=bodies.StockBody,
        query=bodies.WriteQuery,
        replies={200: replies.ProductChanged | replies.DryRun},
    ),
    Route(
        method="GET",
        path="/api/stock",
        access=Role.VIEWER,
        serve=api_sell.list_stock,
        query=bodies.StockQuery,
        replies={200: replies.StockPage},
    ),
    Route(
        method="POST",
        path="/api/sales",
        access=Role.OPERATOR,
        serve=api_sell.sell,
        body=bodies.SaleBody,
        headers=_KEY,
        query=bodies.WriteQuery,
        replies={200: replies.DryRun, 201: replies.SaleReply | replies.OrderReply},
        problems={404: replies.UnknownSku, 409: replies.ShortStock | replies.KeyConflict},
    ),
    Route(
        method="GET",
        path="/api/safety",
        access=Role.VIEWER,
        serve=api_safety.get_safety,
        replies={200: replies.SafetyReply},
        unopened=True,
    ),
    Route(
        method="POST",
        path="/api/panic",
        access=Role.OPERATOR,
        serve=api_safety.trip,
        body=bodies.PanicBody,
        query=bodies.WriteQuery,
        replies={200: replies.DryRun, 202: replies.HaltTripped},
        unopened=True,
    ),
    Route(
        method="GET",
        path="/api/panic/{id}",
        access=Role.VIEWER,
        serve=api_safety.get_halt,
        replies={200: replies.HaltReply},
        unopened=True,
    ),
    Route(
        method="POST",
        path="/api/resume",
        access=Role.APPROVER,
        serve=api_safety.resume,
        body=bodies.ResumeBody,
        query=bodies.WriteQuery,
        replies={200: replies.ResumeReply | replies.DryRun, 202: replies.ResumeReply},
    ),
    Route(
        method="GET",
        path="/api/campaigns",
        access=Role.VIEWER,
        serve=api_safety.list_campaigns,
        replies={200: replies.CampaignsReply},
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
