"""What one more copy costs, and a page, where a cluster is large: rows as the server counts them."""

from collections.abc import Iterator
from itertools import count
from uuid import UUID

import orjson
import pytest

from leadboost.domain.radar.clusters import cluster_mark
from leadboost.domain.signal import Signal
from leadboost.messages.scout import SignalQuery
from leadboost.ports import NewSignal
from leadboost.store.database import Database
from leadboost.store.hearing import ECHO_SIGNALS
from leadboost.store.hearing import _queries as hearing_queries
from leadboost.store.signals import ECHO_MEMBERS, PgSignalStore, queries
from tests.cleaned import cleaned, clusters_of
from tests.integration.tables import rows, run

TEXT = " ".join(f"word{number}" for number in range(30))
BIG = 12_000
NAME = UUID("80000000-0000-8000-8000-000000000000")


def copy(number: int) -> NewSignal:
    (new,) = cleaned(Signal(source="wire", external_id=str(number), text=TEXT))
    return new


def mark(new: NewSignal) -> UUID:
    return cluster_mark(new.content_hash)


def before(name: UUID, numbers: Iterator[int]) -> NewSignal:
    """A copy that gives a cluster of this name another."""
    return next(new for new in map(copy, numbers) if mark(new) < name)


async def versions(database: Database) -> dict[UUID, str]:
    """Which transaction wrote each signal last."""
    return dict(await rows(database, "SELECT id, xmin::text FROM raw_signals"))


async def test_a_copy_that_gives_its_cluster_another_name_rewrites_at_most_its_lead(
    database: Database,
) -> None:
    store, numbers = PgSignalStore(database), count()
    first = [copy(next(numbers)) for _ in range(100)]
    await store.save_raw_signal(*first)
    ((name, _),) = await clusters_of(database)
    written = await versions(database)

    new = before(UUID(name), numbers)
    await store.save_raw_signal(new)

    ((renamed, members),) = await clusters_of(database)
    assert (renamed, len(members)) == (str(mark(new)), 101)
    now = await versions(database)
    assert sum(now[id_] != xmin for id_, xmin in written.items()) <= 1


async def test_clusters_that_were_named_anew_and_joined_are_one_in_every_view(database: Database) -> None:
    store, numbers = PgSignalStore(database), count()
    saved = [copy(next(numbers))]
    for _ in range(5):
        saved += [before(mark(saved[-1]), numbers)]
    for new in saved:
        await store.save_raw_signal(new)

    name = mark(saved[-1])
    page = (await store.page(SignalQuery(cluster=name))).items
    assert [each.id for each in page] == [new.id for new in reversed(saved)]
    newest = await store.page(SignalQuery(cluster=mark(saved[1]), limit=2))
    assert [each.id for each in newest.items] == [new.id for new in reversed(saved[-2:])]
    echoes = [each.cluster for each in page]
    assert {(echo.id, echo.size, echo.sources) for echo in echoes if echo} == {(name, 6, 1)}
    assert sum(echo.lead for echo in echoes if echo) == 1
    async with database.session() as session:
        ((cluster, voices),) = [
            (row["cluster"], row["voices"])
            for row in await session.fetch(hearing_queries.read_echoes, [name], ECHO_SIGNALS)
        ]
    assert (cluster, voices) == (name, 1)


async def flood(database: Database, copies: range) -> None:
    await run(
        database,
        "INSERT INTO raw_signals (id, source, external_id, content_hash, body, heard_at, cluster, is_lead)"
        " SELECT gen_random_uuid(), 'flood', n, sha256(n::text::bytea),"
        f" jsonb_build_object('text', n), now(), '{NAME}', n = 0"
        f" FROM generate_series({copies.start}, {copies.stop - 1}) AS n",
    )


async def pages_read(database: Database, statement: str, args: tuple[object, ...]) -> int:
    """How many pages of tables and indexes the server looks at, in functions too."""
    async with database.session() as session:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        await session.fetchval(explain, *args)  # the first plan also reads the catalogue
        told = await session.fetchval(explain, *args)
    (plan,) = orjson.loads(told) if isinstance(told, str) else told
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


async def read_of_each(database: Database) -> dict[str, int]:
    ids = [id_ for (id_,) in await rows(database, "SELECT id FROM raw_signals ORDER BY seq DESC LIMIT 100")]
    filters = (None, None, None, None, None, 100, 100)
    statements: dict[str, tuple[object, ...]] = {
        "choose_leads": ([NAME],),
        "page_signals": filters,
        "page_cluster": (*filters, NAME),
        "read_signals": (ids, ECHO_MEMBERS),
        "name_clusters": ([NAME], [UUID(int=7)]),
    }
    read = {
        name: await pages_read(database, getattr(queries, name), args) for name, args in statements.items()
    }
    echoes = await pages_read(database, hearing_queries.read_echoes, ([NAME], ECHO_SIGNALS))
    return {**read, "read_echoes": echoes}


@pytest.mark.parametrize("is_analysed", [False, True])
async def test_a_cluster_of_any_size_costs_the_same(database: Database, is_analysed: bool) -> None:
    await flood(database, range(2 * ECHO_MEMBERS))
    small = await read_of_each(database)
    await flood(database, range(2 * ECHO_MEMBERS, BIG))
    if is_analysed:
        await run(database, "ANALYZE raw_signals")

    large = await read_of_each(database)

    assert {name: pages for name, pages in large.items() if pages > 1.5 * small[name] + 20} == {}
