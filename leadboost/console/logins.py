"""Who is signed in: logins by cookie, kept in memory so that they outlast an outage of the database."""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import hdrs, web

from leadboost.clock import Clock
from leadboost.console.auth import Principal, Role
from leadboost.console.origins import SAFE_METHODS, Origins
from leadboost.console.problems import ProblemError
from leadboost.domain.account import MOST_LOGINS, Account
from leadboost.errors import StoreError, StoreUnavailableError
from leadboost.ports import AccountStore, NewLogin

BACKGROUND_HEADER: Final = "X-LeadBoost-Background"
LONGEST: Final = timedelta(hours=12)
IDLE: Final = timedelta(minutes=30)
TOUCH_EVERY: Final = timedelta(minutes=1)
_TOUCH_AGAIN: Final = timedelta(seconds=5)
_TOKEN_BYTES: Final = 32
_REMEMBERED: Final = 4096
_DELETE_AGAIN_S: Final = 5.0
_AT_ONCE: Final = 2
_TURN_WITHIN_S: Final = 2.0


@dataclass(slots=True)
class _Login:
    principal: Principal
    expires_at: datetime
    seen_at: datetime
    touch_at: datetime

    def is_over(self, now: datetime) -> bool:
        return now >= min(self.expires_at, self.seen_at + IDLE)


class Logins:
    """Every login that this process has seen. A login's id is the SHA-256 of its token, in hex.

    One that ended on another host, or whose account was disabled, ends here at its next use more than
    a minute after the last look; while the database is away it goes on.
    """

    def __init__(self, clock: Clock, origins: Origins, *, demo: bool) -> None:
        self._clock = clock
        self._origins = origins
        self._demo = demo
        self._store: AccountStore | None = None
        self._live: OrderedDict[str, _Login] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._undeleted: OrderedDict[str, None] = OrderedDict()
        self._unsettled = asyncio.Event()
        self._callbacks: list[Callable[[str], None]] = []
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def attach(self, store: AccountStore) -> None:
        """Use this store from now on."""
        self._store = store

    def on_end(self, callback: Callable[[str], None]) -> None:
        """Have the id of a login told when it ends here: by logout, at a use after its time, or found ended
        elsewhere. One whose time runs out unused is told by ``is_live`` alone."""
        self._callbacks.append(callback)

    async def admit(self, request: web.BaseRequest) -> Principal | None:
        """Return who the cookie speaks for; None without a cookie of a live login.

        A request is a sign of life, unless its page says that nobody asked for it:
        ``X-LeadBoost-Background: 1``.
        Raises ProblemError 403 for a write or a socket that does not come from our own page, and
        StoreUnavailableError for a login that only the database knows, while it is away.
        """
        token = self._origins.token_of(request)
        if token is None:
            return None
        # A browser lets pages of other sites open sockets, and sends cookies along.
        if request.method not in SAFE_METHODS or hdrs.UPGRADE in request.headers:
            self._origins.check(request)
        login_id = id_of(token)
        login = self._live.get(login_id) or await self._look_up(login_id)
        now = self._clock.now()
        if login is None:
            return None
        if login.is_over(now):
            self._forget(login_id)
            return None
        self._live.move_to_end(login_id)
        if request.headers.get(BACKGROUND_HEADER) != "1":
            login.seen_at = now
        if now >= login.touch_at and not await self._touch(login_id, login, now):
            return None
        return login.principal

    async def is_live(self, login_id: str) -> bool:
        """Tell whether the login is still good; asking is no sign of life.

        One that has left memory for want of room is looked up; nobody loses it while that cannot be done.
        """
        try:
            login = self._live.get(login_id) or await self._look_up(login_id)
        except (StoreError, ProblemError):
            return True
        return login is not None and not login.is_over(self._clock.now())

    def expires_at(self, login_id: str | None) -> datetime | None:
        """When a login ends at the latest."""
        login = self._live.get(login_id or "")
        return None if login is None else login.expires_at

    def draw(self, replaces: str | None) -> tuple[str, NewLogin]:
        """Draw a token of 256 bits, and what is to be stored of it; ``replaces`` is the token before."""
        token, now = draw_token(), self._clock.now()
        return token, NewLogin(
            token_hash=hash_of(token),
            created_at=now,
            expires_at=now + LONGEST,
            idle_since=now - IDLE,
            replaces=None if replaces is None else hash_of(replaces),
        )

    def remember(self, login: NewLogin, account: Account) -> None:
        """Admit a login that was stored; end the one it replaces, and here too the account's oldest beyond
        ``MOST_LOGINS``."""
        if login.replaces is not None:
            self._forget(login.replaces.hex())
        self._keep(login.token_hash.hex(), account, login.expires_at, login.created_at)
        own = [login_id for login_id, each in self._live.items() if each.principal.subject == account.name]
        for login_id in sorted(own, key=lambda each: self._live[each].expires_at)[:-MOST_LOGINS]:
            self._forget(login_id)

    async def end(self, token: str) -> None:
        """End a login: here at once, then in the database; a token that opens none is looked up and no more.

        Raises StoreError, and ProblemError 503 while too many ask. A login that was known here has ended all
        the same, and ``settle`` deletes it once the database is back; only a new start of the process before
        that brings it back, until its time is over. One that only the database knows has not ended.
        """
        login_id = id_of(token)
        known = login_id in self._live or login_id in self._undeleted
        if not known and await self._look_up(login_id) is None:
            return
        self._forget(login_id)
        _put(self._undeleted, login_id)
        self._unsettled.set()
        await self._delete(login_id)

    async def settle(self, pause: Callable[[float], Awaitable[None]]) -> None:
        """Delete from the database what ended here and could not be deleted at once, until cancelled.

        ``pause`` waits, in seconds, before each pass; a pass ends at its first failure.
        """
        while True:
            await self._unsettled.wait()
            await pause(_DELETE_AGAIN_S)
            with suppress(StoreError, ProblemError):  # the next pass goes on
                for login_id in tuple(self._undeleted):
                    await self._delete(login_id)
            if not self._undeleted:
                self._unsettled.clear()

    async def _delete(self, login_id: str) -> None:
        async with self._turn() as accounts:
            await accounts.end_login(bytes.fromhex(login_id))
        self._undeleted.pop(login_id, None)

    def _accounts(self) -> AccountStore:
        if self._store is None:
            raise StoreUnavailableError("the database is not connected")
        return self._store

    async def _look_up(self, login_id: str) -> _Login | None:
        if self._has_ended(login_id):
            return None
        async with self._turn() as accounts:
            stored = await accounts.find_login(bytes.fromhex(login_id))
        # Ended here while the database was asked, or a login of the demo profile's account outside of it.
        if stored is None or self._has_ended(login_id) or (stored.passwordless and not self._demo):
            return None
        if (login := self._live.get(login_id)) is not None:
            return login  # another request has asked too, and it may have been used since
        return self._keep(login_id, stored.account, stored.expires_at, stored.last_seen_at)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[AccountStore]:
        """Few at once: cookies that anyone can make up must not take the sales' connections."""
        try:
            async with asyncio.timeout(_TURN_WITHIN_S):
                await self._turns.acquire()
        except TimeoutError:
            detail = "More logins are looked up than can be now. Try again."
            raise ProblemError(503, "overloaded", detail, headers={"Retry-After": "1"}) from None
        try:
            yield self._accounts()
        finally:
            self._turns.release()

    async def _touch(self, login_id: str, login: _Login, now: datetime) -> bool:
        login.touch_at = now + TOUCH_EVERY
        try:
            if await self._accounts().touch_login(bytes.fromhex(login_id), login.seen_at):
                return not self._has_ended(login_id)
        except StoreError:
            login.touch_at = now + _TOUCH_AGAIN
            return not self._has_ended(login_id)
        self._forget(login_id)
        return False

    def _keep(self, login_id: str, account: Account, expires_at: datetime, seen_at: datetime) -> _Login:
        principal = Principal(account.name, Role.parse(account.role), login_id)
        login = _Login(principal, expires_at, seen_at, seen_at + TOUCH_EVERY)
        self._live[login_id] = login
        if len(self._live) > _REMEMBERED:
            self._live.popitem(last=False)
        return login

    def _has_ended(self, login_id: str) -> bool:
        return login_id in self._ended or login_id in self._undeleted

    def _forget(self, login_id: str) -> None:
        if self._live.pop(login_id, None) is None:
            return  # a cookie that anyone can make up must not push out the memory of a real one
        _put(self._ended, login_id)
        for callback in self._callbacks:
            callback(login_id)


def _put(ids: OrderedDict[str, None], login_id: str) -> None:
    ids[login_id] = None
    if len(ids) > _REMEMBERED:
        ids.popitem(last=False)


def draw_token() -> str:
    """Draw 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def id_of(token: str) -> str:
    """The id of the login that this token opens."""
    return hash_of(token).hex()


def hash_of(token: str) -> bytes:
    """SHA-256, 32 bytes: a token of 256 random bits needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()
