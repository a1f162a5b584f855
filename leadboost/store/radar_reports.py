"""What the radar refuses, and how well its spam score does, as tables tell it."""

from leadboost.domain.radar.spam import Tally
from leadboost.ports import RadarReport, Rejections
from leadboost.store.database import Database
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0
LOOKED_AT = 5000

_queries = load_queries("radar")


class PgRadarReports:
    """``RadarReports`` on PostgreSQL; looks at the newest LOOKED_AT rejections, however many there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def report(self) -> RadarReport:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.count_rejections, LOOKED_AT)
            spam = await session.fetchrow(_queries.read_spam_tally)
        assert spam is not None  # noqa: S101 - the migration wrote it
        return RadarReport(
            rejections=[
                Rejections(source=row["source"], reason=row["word"], count=row["count"]) for row in rows
            ],
            looked_at=sum(row["count"] for row in rows),
            since=min((row["since"] for row in rows), default=None),
            spam_labels=spam["spam_seen"],
            wanted_labels=spam["wanted_seen"],
            tally=Tally(**spam["tally"]),
        )
