"""How everything is stopped, and goes on."""

from typing import Final

from leadboost.console import api_safety, bodies, replies
from leadboost.console.auth import Role
from leadboost.console.routes.route import Route

ROUTES: Final[tuple[Route, ...]] = (
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
)
