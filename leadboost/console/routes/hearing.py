"""What is heard: signals, topics, sources."""

from typing import Final

from leadboost.console import api_erase, api_hear, api_push, api_radar, api_sources, bodies, replies
from leadboost.console.auth import Role
from leadboost.console.call import BULK_BODY_BYTES
from leadboost.console.routes.route import Route
from leadboost.messages.scout import SourceStatus

_SIGNED: Final = {
    api_push.ID_HEADER: "The message's own id, up to 255 visible ASCII characters; taken in once.",
    api_push.TIMESTAMP_HEADER: "When it was sent, in Unix seconds, at most 300 s ago.",
    api_push.SIGNATURE_HEADER: "v1, and the HMAC-SHA-256 of id.timestamp.body in base64 (Standard Webhooks).",
}

ROUTES: Final[tuple[Route, ...]] = (
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
        method="POST",
        path="/api/signals/erase",
        access=Role.ADMIN,
        serve=api_erase.erase_signals,
        body=bodies.EraseBody,
        query=bodies.WriteQuery,
        replies={200: replies.SignalsErased},
    ),
    Route(
        method="GET",
        path="/api/radar",
        access=Role.VIEWER,
        serve=api_radar.show_radar,
        replies={200: replies.RadarReply},
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
)
