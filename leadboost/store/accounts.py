"""``accounts``, ``logins`` and ``first_links``: who may sign in, and who has."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from leadboost.domain.account import MOST_LOGINS, Account, fold_name
from leadboost.domain.role import RoleName
from leadboost.errors import AccountExistsError, FirstLinkError
from leadboost.ports import NewLogin, StoredAccount, StoredLogin
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Database, Session
from leadboost.store.queries import load_queries

MOST_ACCOUNTS = 1000
_TOUCH_DEADLINE_S = 0.5

_queries = load_queries("access")


class PgAccountStore:
    """``AccountStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = database.clock
        self._rng = database.rng.fork("accounts")

    async def find(self, name: str) -> StoredAccount | None:
        async with self._database.session() as session:
            row = await session.fetchrow(_queries.find_account, fold_name(name))
        return None if row is None else StoredAccount(_account(row), row["password_hash"])

    async def list_accounts(self) -> Sequence[Account]:
        async with self._database.session() as session:
            return [_account(row) for row in await session.fetch(_queries.list_accounts, MOST_ACCOUNTS)]

    async def count_approvers(self) -> int:
        async with self._database.session() as session:
            return int(await session.fetchval(_queries.count_approvers))

    async def create(self, account: Account, password_hash: str, *, by: str) -> None:
        async with self._database.transaction() as session:
            await _insert(session, account, password_hash)
            await self._audit(session, _created(account, by))

    async def begin_login(self, account: Account, login: NewLogin) -> Account | None:
        async with self._database.transaction() as session:
            entered = await _note_login(session, account, login)
            if entered is not None:
                ended = await _store_login(session, entered, login)
                await self._audit(session, *ended, _did(entered.name, "login"))
        return entered

    async def find_login(self, token_hash: bytes) -> StoredLogin | None:
        async with self._database.session() as session:
            row = await session.fetchrow(_queries.find_login, token_hash)
        if row is None:
            return None
        return StoredLogin(
            account=_account(row),
            passwordless=row["passwordless"],
            last_seen_at=row["last_seen_at"],
            expires_at=row["expires_at"],
        )

    async def touch_login(self, token_hash: bytes, at: datetime) -> bool:
        async with self._database.session(deadline_s=_TOUCH_DEADLINE_S) as session:
            return bool(await session.fetchval(_queries.touch_login, token_hash, at))

    async def end_login(self, token_hash: bytes) -> bool:
        async with self._database.transaction() as session:
            ended = await _end_login(session, token_hash)
            if ended:
                await self._audit(session, *ended)
        return bool(ended)

    async def renew_first_link(self, token_hash: bytes, *, always: bool) -> bool:
        async with self._database.transaction() as session:
            await session.execute(_queries.void_first_links)
            if not always and not await session.fetchval(_queries.needs_first_link):
                return False
            await session.execute(_queries.insert_first_link, token_hash, self._clock.now())
        return True

    async def check_first_link(self, token_hash: bytes) -> None:
        async with self._database.session() as session:
            await _refuse_unless_open(session, token_hash)

    async def redeem_first_link(
        self, token_hash: bytes, account: Account, password_hash: str | None, login: NewLogin
    ) -> Account:
        async with self._database.transaction() as session:
            await _use_link(session, token_hash, login.created_at, beside_others=password_hash is None)
            entries = [_did(account.name, "first_link.use")]
            known = await session.fetchrow(_queries.find_account, fold_name(account.name))
            if password_hash is None and known is not None and known["password_hash"] is None:
                account = _account(known)
            else:
                await _insert(session, account, password_hash)
                entries.append(_created(account, account.name))
            account = await _note_login(session, account, login) or account
            entries += [*await _store_login(session, account, login), _did(account.name, "login")]
            await self._audit(session, *entries)
        return account

    async def _audit(self, session: Session, *entries: AuditEntry) -> None:
        await append_audit(session, entries, clock=self._clock, rng=self._rng)


async def _insert(session: Session, account: Account, password_hash: str | None) -> None:
    row = (
        account.id,
        account.name,
        fold_name(account.name),
        str(account.role),
        password_hash,
        account.created_at,
    )
    if await session.fetchval(_queries.insert_account, *row) is None:
        raise AccountExistsError(account.name)


async def _note_login(session: Session, account: Account, login: NewLogin) -> Account | None:
    row = await session.fetchrow(_queries.note_login, account.id, login.created_at)
    return None if row is None else _account(row)


async def _store_login(session: Session, account: Account, login: NewLogin) -> Sequence[AuditEntry]:
    """Store a login, end the one it replaces and those beyond the most; returns the entries of that."""
    await session.execute(
        _queries.insert_login, login.token_hash, account.id, login.created_at, login.expires_at
    )
    ended = () if login.replaces is None else await _end_login(session, login.replaces)
    await session.execute(_queries.purge_logins, login.created_at, login.idle_since)
    oldest = await session.fetch(_queries.end_oldest_logins, account.id, MOST_LOGINS)
    return [*ended, *(_did(account.name, "logout") for _ in oldest)]


async def _end_login(session: Session, token_hash: bytes) -> Sequence[AuditEntry]:
    name = await session.fetchval(_queries.end_login, token_hash)
    return () if name is None else (_did(name, "logout"),)


async def _use_link(session: Session, token_hash: bytes, at: datetime, *, beside_others: bool) -> None:
    if not await session.fetchval(_queries.use_first_link, token_hash, at, beside_others):
        await _refuse_unless_open(session, token_hash)
        raise FirstLinkError(used=True)  # somebody has a password meanwhile


async def _refuse_unless_open(session: Session, token_hash: bytes) -> None:
    is_open = await session.fetchval(_queries.find_first_link, token_hash)
    if not is_open:
        raise FirstLinkError(used=is_open is not None)


def _created(account: Account, by: str) -> AuditEntry:
    return AuditEntry(
        actor=by, action="account.create", subject=account.name, detail={"role": str(account.role)}
    )


def _did(name: str, action: str) -> AuditEntry:
    return AuditEntry(actor=name, action=action, subject=name, detail={})


def _account(row: asyncpg.Record) -> Account:
    return Account(
        id=row["id"],
        name=row["name"],
        role=RoleName(row["role"]),
        created_at=row["created_at"],
        last_login_at=row["last_login_at"],
    )
