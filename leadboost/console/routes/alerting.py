"""What somebody has to hear of."""

from typing import Final

from leadboost.console import api_alerts, bodies, replies
from leadboost.console.auth import Role
from leadboost.console.routes.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="GET",
        path="/api/alerts",
        access=Role.VIEWER,
        serve=api_alerts.list_alerts,
        replies={200: replies.AlertsReply},
    ),
    Route(
        method="POST",
        path="/api/alerts/{id}/acknowledge",
        access=Role.OPERATOR,
        serve=api_alerts.acknowledge,
        body=bodies.AcknowledgeBody,
        query=bodies.WriteQuery,
        replies={200: replies.AlertAcknowledged | replies.DryRun},
    ),
    Route(
        method="POST",
        path="/api/connections/{name}/test",
        access=Role.ADMIN,
        serve=api_alerts.try_channel,
        query=bodies.WriteQuery,
        replies={200: replies.ChannelTried | replies.DryRun},
    ),
)
