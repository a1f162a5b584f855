"""Replies on sessions, accounts and tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from leadboost.domain.account import Account


@dataclass(frozen=True, slots=True)
class SessionReply:
    """Who calls; ``expires_at`` is when the login ends at the latest, null for a bearer token."""

    name: str
    role: str
    demo: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The login is over; ``trace_id`` names this request."""

    trace_id: str


@dataclass(frozen=True, slots=True)
class AccountReply:
    """An account."""

    name: str
    role: str
    created_at: datetime
    last_login_at: datetime | None

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(account.name, str(account.role), account.created_at, account.last_login_at)


@dataclass(frozen=True, slots=True)
class AccountCreated(AccountReply):
    """A new account."""

    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class AccountsReply:
    """Every account, in order of creation."""

    items: Sequence[AccountReply]


@dataclass(frozen=True, slots=True)
class TokenReply:
    """An access token, RFC 6749 section 5.1; ``expires_in`` seconds."""

    access_token: str
    token_type: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class TokenRefusal:
    """RFC 6749 section 5.2."""

    error: str
    error_description: str
