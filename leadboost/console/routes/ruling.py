"""What stops ads by itself."""

from typing import Final

from leadboost.console import api_rules, bodies, replies, rule_bodies
from leadboost.console.auth import Role
from leadboost.console.routes.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="GET",
        path="/api/rules",
        access=Role.VIEWER,
        serve=api_rules.get_rules,
        replies={200: replies.RulesReply},
    ),
    Route(
        method="PUT",
        path="/api/rules",
        access=Role.ADMIN,
        serve=api_rules.put_rules,
        body=rule_bodies.RulesBody,
        query=bodies.WriteQuery,
        replies={200: replies.RulesReplaced | replies.DryRun},
    ),
    Route(
        method="POST",
        path="/api/rules/preview",
        access=Role.VIEWER,
        serve=api_rules.preview_rules,
        body=rule_bodies.PreviewBody,
        replies={200: replies.PreviewReply},
    ),
    Route(
        method="POST",
        path="/api/rules/replay",
        access=Role.VIEWER,
        serve=api_rules.replay_rules,
        body=rule_bodies.ReplayBody,
        replies={200: replies.ReplayReply},
    ),
)
