import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from leadboost.domain.account import Account
from leadboost.domain.role import RoleName
from leadboost.errors import AccountExistsError, FirstLinkError
from leadboost.ports import AccountStore, NewLogin, StoredAccount
from leadboost.store.accounts import PgAccountStore
from leadboost.store.database import Database
from tests.integration.memory_accounts import MemoryAccountStore
from tests.integration.tables import rows, run

AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"
LINK = b"l" * 32
_numbers = count(1)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest, database: Database) -> AccountStore:
    return MemoryAccountStore() if request.param == "memory" else PgAccountStore(database)


def person(name: str = "Ana", role: RoleName = RoleName.operator) -> Account:
    return Account(id=UUID(int=next(_numbers)), name=name, role=role, created_at=AT)


def login(token_hash: bytes = b"t" * 32, at: datetime = AT, replaces: bytes | None = None) -> NewLogin:
    return NewLogin(
        token_hash=token_hash,
        created_at=at,
        expires_at=at + timedelta(hours=12),
        idle_since=at - timedelta(minutes=30),
        replaces=replaces,
    )


@pytest.mark.parametrize("name", ["Zoë", "ZOË", "zoe\u0308", "ｚoë"])
async def test_an_account_is_found_however_its_name_is_written(store: AccountStore, name: str) -> None:
    account = person("Zoë")
    await store.create(account, HASH, by="root")

    assert await store.find(name) == StoredAccount(account, HASH)
    with pytest.raises(AccountExistsError):
        await store.create(person(name), HASH, by="root")


async def test_unknown_names_are_not_found(store: AccountStore) -> None:
    assert await store.find("ana") is None


async def test_approvers_and_admins_count_as_those_who_may_end_a_halt(store: AccountStore) -> None:
    for name, role in zip("abcd", RoleName, strict=True):
        await store.create(person(name, role), HASH, by="root")

    assert await store.count_approvers() == 2


async def test_accounts_are_listed_in_order_of_creation(store: AccountStore) -> None:
    accounts = [person("zoe"), replace(person("ana"), created_at=AT + timedelta(seconds=1))]
    for account in accounts:
        await store.create(account, HASH, by="root")

    assert await store.list_accounts() == accounts


async def test_a_login_is_found_with_its_account_until_it_is_ended(store: AccountStore) -> None:
    account = person()
    await store.create(account, HASH, by="root")

    entered = await store.begin_login(account, login())

    found = await store.find_login(b"t" * 32)
    assert entered == replace(account, last_login_at=AT)
    assert found
    assert (found.account, found.passwordless) == (entered, False)
    assert (found.last_seen_at, found.expires_at) == (AT, AT + timedelta(hours=12))
    assert [await store.end_login(b"t" * 32), await store.end_login(b"t" * 32)] == [True, False]
    assert await store.find_login(b"t" * 32) is None


async def test_a_login_ends_the_one_it_replaces(store: AccountStore) -> None:
    account = person()
    await store.create(account, HASH, by="root")
    await store.begin_login(account, login(b"a" * 32))

    await store.begin_login(account, login(b"b" * 32, replaces=b"a" * 32))

    assert await store.find_login(b"a" * 32) is None
    assert await store.find_login(b"b" * 32)


async def test_an_account_has_its_twenty_newest_logins(store: AccountStore) -> None:
    ana, bob = person(), person("Bob")
    for account in (ana, bob):
        await store.create(account, HASH, by="root")
    await store.begin_login(bob, login(b"b" * 32))

    for number in range(22):
        await store.begin_login(ana, login(bytes([number]) * 32, AT + timedelta(seconds=number)))

    kept = [await store.find_login(bytes([number]) * 32) is not None for number in range(22)]
    assert kept == [False] * 2 + [True] * 20
    assert await store.find_login(b"b" * 32)


async def test_a_sign_of_life_moves_forward_only(store: AccountStore) -> None:
    account = person()
    await store.create(account, HASH, by="root")
    await store.begin_login(account, login())

    for seconds in (90, 30):
        assert await store.touch_login(b"t" * 32, AT + timedelta(seconds=seconds))

    found = await store.find_login(b"t" * 32)
    assert found
    assert found.last_seen_at == AT + timedelta(seconds=90)
    assert not await store.touch_login(b"u" * 32, AT)


async def test_a_first_link_is_made_while_nobody_has_a_password(store: AccountStore) -> None:
    assert await store.renew_first_link(LINK, always=False)
    await store.check_first_link(LINK)
    await store.create(person(), HASH, by="root")

    assert not await store.renew_first_link(b"m" * 32, always=False)
    assert await store.renew_first_link(b"n" * 32, always=True)


async def test_a_new_first_link_voids_the_one_before(store: AccountStore) -> None:
    await store.renew_first_link(LINK, always=False)
    await store.renew_first_link(b"m" * 32, always=False)

    with pytest.raises(FirstLinkError) as refused:
        await store.check_first_link(LINK)

    assert not refused.value.used
    await store.check_first_link(b"m" * 32)


async def test_a_first_link_makes_the_account_and_its_login_once(store: AccountStore) -> None:
    account = person(role=RoleName.admin)
    await store.renew_first_link(LINK, always=False)

    entered = await store.redeem_first_link(LINK, account, HASH, login())

    assert entered == replace(account, last_login_at=AT)
    assert await store.find_login(b"t" * 32)
    for again in (
        store.redeem_first_link(LINK, person("Bo"), HASH, login(b"u" * 32)),
        store.check_first_link(LINK),
    ):
        with pytest.raises(FirstLinkError) as refused:
            await again
        assert refused.value.used
    assert await store.find("Bo") is None


async def test_a_first_link_is_still_open_when_its_account_could_not_be_made(store: AccountStore) -> None:
    await store.renew_first_link(LINK, always=True)
    await store.redeem_first_link(LINK, person("demo"), None, login())
    await store.renew_first_link(b"m" * 32, always=False)

    with pytest.raises(AccountExistsError):
        await store.redeem_first_link(b"m" * 32, person("Demo"), HASH, login(b"u" * 32))

    await store.check_first_link(b"m" * 32)


async def test_a_first_link_is_void_once_somebody_has_a_password(store: AccountStore) -> None:
    await store.renew_first_link(LINK, always=False)
    await store.create(person(), HASH, by="root")

    with pytest.raises(FirstLinkError):
        await store.redeem_first_link(LINK, person("Bo"), HASH, login())


async def test_the_account_of_the_demo_is_signed_in_again_by_each_link(store: AccountStore) -> None:
    accounts = []
    for letter in (b"1", b"2"):
        await store.renew_first_link(letter * 32, always=True)
        accounts.append(
            await store.redeem_first_link(letter * 32, person("demo"), None, login(letter + b"t" * 31))
        )

    assert accounts[0].id == accounts[1].id
    found = await store.find_login(b"2" + b"t" * 31)
    assert found
    assert found.passwordless


async def test_of_two_uses_of_a_first_link_at_once_exactly_one_wins(database: Database) -> None:
    store = PgAccountStore(database)
    await store.renew_first_link(LINK, always=False)

    async with asyncio.TaskGroup() as group:
        uses = [
            group.create_task(outcome(store, person(f"p{number}"), bytes([number]) * 32))
            for number in range(8)
        ]

    assert sorted(use.result() for use in uses) == ["in"] + ["used"] * 7
    assert await rows(database, "SELECT count(*) FROM accounts") == [(1,)]
    assert await rows(database, "SELECT count(*) FROM logins") == [(1,)]


async def outcome(store: AccountStore, account: Account, token_hash: bytes) -> str:
    try:
        await store.redeem_first_link(LINK, account, HASH, login(token_hash))
    except FirstLinkError as error:
        return "used" if error.used else "unknown"
    return "in"


async def test_everything_about_access_stands_in_the_audit_log(database: Database) -> None:
    store = PgAccountStore(database)
    await store.renew_first_link(LINK, always=False)
    ana = await store.redeem_first_link(LINK, person("Ana", RoleName.admin), HASH, login())
    await store.create(person("Bo"), HASH, by="Ana")
    await store.begin_login(ana, login(b"u" * 32, replaces=b"t" * 32))
    await store.end_login(b"u" * 32)

    assert await rows(database, "SELECT actor, action, subject, detail FROM audit_log ORDER BY seq") == [
        ("Ana", "first_link.use", "Ana", {}),
        ("Ana", "account.create", "Ana", {"role": "admin"}),
        ("Ana", "login", "Ana", {}),
        ("Ana", "account.create", "Bo", {"role": "operator"}),
        ("Ana", "logout", "Ana", {}),
        ("Ana", "login", "Ana", {}),
        ("Ana", "logout", "Ana", {}),
    ]


async def test_logins_that_are_over_are_deleted_when_someone_signs_in(database: Database) -> None:
    store, account = PgAccountStore(database), person()
    await store.create(account, HASH, by="root")
    await store.begin_login(account, login(b"a" * 32))
    await store.begin_login(account, login(b"b" * 32, AT + timedelta(minutes=20)))

    await store.begin_login(account, login(b"c" * 32, AT + timedelta(minutes=31)))

    assert await rows(database, "SELECT token_hash FROM logins ORDER BY 1") == [(b"b" * 32,), (b"c" * 32,)]


async def test_a_disabled_account_is_neither_found_nor_signed_in(database: Database) -> None:
    store, account = PgAccountStore(database), person()
    await store.create(account, HASH, by="root")
    await store.begin_login(account, login())
    await run(database, "UPDATE accounts SET disabled = true")

    assert await store.find("Ana") is None
    assert await store.find_login(b"t" * 32) is None
    assert not await store.touch_login(b"t" * 32, AT)
    assert await store.begin_login(account, login(b"u" * 32)) is None
