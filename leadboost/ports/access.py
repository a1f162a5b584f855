"""Ports of accounts, logins and first links. Every call ends by its own deadline."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from leadboost.domain.account import Account


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account with the argon2id hash of its password; None: nobody signs in to it by password."""

    account: Account
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLogin:
    """A login to store by the SHA-256 of its token.

    ``replaces`` is the hash of a login that ends with it; logins unseen since ``idle_since`` are over.
    """

    token_hash: bytes
    created_at: datetime
    expires_at: datetime
    idle_since: datetime
    replaces: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLogin:
    """A login as it was last written; ``passwordless`` is that of the demo profile's account."""

    account: Account
    passwordless: bool
    last_seen_at: datetime
    expires_at: datetime


class AccountStore(Protocol):
    """``accounts``, ``logins`` and ``first_links``, with their audit entries."""

    async def find(self, name: str) -> StoredAccount | None:
        """The account of that name, however it is written, unless it is disabled."""
        ...

    async def list_accounts(self) -> Sequence[Account]:
        """Every account, in order of creation."""
        ...

    async def count_approvers(self) -> int:
        """How many accounts may end a halt."""
        ...

    async def create(self, account: Account, password_hash: str, *, by: str) -> None:
        """Store a new account. Raises AccountExistsError."""
        ...

    async def begin_login(self, account: Account, login: NewLogin) -> Account | None:
        """Store a login, end the one it replaces, and the account's oldest beyond ``MOST_LOGINS``.

        None if the account is disabled by now.
        """
        ...

    async def find_login(self, token_hash: bytes) -> StoredLogin | None:
        """A login that nobody has ended, of an account that is not disabled; it may be over by time."""
        ...

    async def touch_login(self, token_hash: bytes, at: datetime) -> bool:
        """Note the last sign of life, within half a second; False if the login has ended elsewhere."""
        ...

    async def end_login(self, token_hash: bytes) -> bool:
        """Delete a login; False if there is none."""
        ...

    async def renew_first_link(self, token_hash: bytes, *, always: bool) -> bool:
        """Void every unused link, and store this one if no account has a password yet, or ``always``.

        Returns whether it was stored.
        """
        ...

    async def check_first_link(self, token_hash: bytes) -> None:
        """Raises FirstLinkError unless the link is open."""
        ...

    async def redeem_first_link(
        self, token_hash: bytes, account: Account, password_hash: str | None, login: NewLogin
    ) -> Account:
        """Use the link, create the account and sign it in, all or nothing; returns it as stored.

        Without a password hash an account of that name that has no password either is signed in.
        Raises FirstLinkError, AccountExistsError.
        """
        ...
