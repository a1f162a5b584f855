"""Looks into tables past the stores."""

from typing import Any

from leadboost.store.database import Database


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    """Run a query and return plain tuples."""
    async with database.session() as session:
        return [tuple(row) for row in await session.fetch(query)]


async def run(database: Database, statement: str) -> None:
    """Run one statement."""
    async with database.session() as session:
        await session.execute(statement)
