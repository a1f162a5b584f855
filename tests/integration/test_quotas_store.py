import asyncio
from datetime import UTC, datetime, timedelta

from leadboost.store.database import Database
from leadboost.store.quotas import PgQuotaStore

DAY = datetime(2026, 11, 20, tzinfo=UTC)


async def test_units_beyond_the_limit_are_refused_and_not_counted(database: Database) -> None:
    quotas = PgQuotaStore(database)

    taken = [await quotas.take("x", period=DAY, units=units, limit=10) for units in (11, 6, 5, 4, 1)]

    assert taken == [False, True, False, True, False]


async def test_a_limit_holds_when_many_take_at_once(database: Database) -> None:
    quotas = PgQuotaStore(database)

    taken = await asyncio.gather(*(quotas.take("x", period=DAY, units=1, limit=7) for _ in range(20)))

    assert sum(taken) == 7


async def test_periods_and_names_are_counted_apart(database: Database) -> None:
    quotas = PgQuotaStore(database)
    await quotas.take("x", period=DAY, units=1, limit=1)

    other = await quotas.take("y", period=DAY, units=1, limit=1)
    tomorrow = await quotas.take("x", period=DAY + timedelta(days=1), units=1, limit=1)

    assert (other, tomorrow) == (True, True)


async def test_what_is_given_back_can_be_taken_again(database: Database) -> None:
    quotas = PgQuotaStore(database)
    await quotas.take("x", period=DAY, units=10, limit=10)

    await quotas.give_back("x", period=DAY, units=4)

    assert await quotas.take("x", period=DAY, units=4, limit=10)
    assert not await quotas.take("x", period=DAY, units=1, limit=10)
