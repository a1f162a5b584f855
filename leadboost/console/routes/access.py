"""Who may come in: tokens, sign-ins, accounts."""

from typing import Final

from leadboost.console import api_access, api_accounts, api_session, bodies, replies
from leadboost.console.auth import Role
from leadboost.console.routes.route import Route

ROUTES: Final[tuple[Route, ...]] = (
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
)
