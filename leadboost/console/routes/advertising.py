"""What campaigns did, what they advertise, and how their accounts are connected."""

from typing import Final

from leadboost.console import api_advertise, bodies, replies
from leadboost.console.auth import Role
from leadboost.console.routes.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="GET",
        path="/api/campaigns/books",
        access=Role.VIEWER,
        serve=api_advertise.read_books,
        query=bodies.BooksQuery,
        replies={200: replies.BooksReply},
    ),
    Route(
        method="POST",
        path="/api/campaigns/links",
        access=Role.OPERATOR,
        serve=api_advertise.decide_link,
        body=bodies.LinkBody,
        query=bodies.WriteQuery,
        replies={200: replies.LinkDecided | replies.DryRun},
    ),
    Route(
        method="GET",
        path="/api/connections",
        access=Role.VIEWER,
        serve=api_advertise.list_connections,
        replies={200: replies.ConnectionsReply},
    ),
)
