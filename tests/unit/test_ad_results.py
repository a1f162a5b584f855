from datetime import UTC, date, datetime

import pytest

from leadboost.domain.ad_results import AdDay, last_closed_day, outcomes_of, spans
from leadboost.domain.campaign import Campaign

DAY = date(2026, 11, 19)


def day(**fields: object) -> AdDay:
    given: dict[str, object] = {
        "campaign": Campaign(platform="google_ads", campaign_id="7"),
        "name": "Fans",
        "day": DAY,
        "spend_micros": 1_000_000,
        "revenue_micros": 3_000_000,
        "currency": "EUR",
        "conversions": 2,
    }
    return AdDay(**(given | fields))  # type: ignore[arg-type]  # a test replaces any of them


@pytest.mark.parametrize(
    ("now", "closed"),
    [
        (datetime(2026, 11, 20, 12, 0, tzinfo=UTC), date(2026, 11, 19)),
        (datetime(2026, 11, 20, 11, 59, tzinfo=UTC), date(2026, 11, 18)),
    ],
)
def test_a_day_is_closed_when_it_is_over_in_every_time_zone(now: datetime, closed: date) -> None:
    assert last_closed_day(now) == closed


def test_spans_of_thirty_days_cover_every_day_once_the_newest_first() -> None:
    first, last = date(2026, 8, 21), date(2026, 11, 19)

    found = list(spans(first, last))

    assert found[0] == (date(2026, 10, 21), last)
    assert [(end - start).days + 1 for start, end in found] == [30, 30, 30, 1]
    assert found[-1] == (first, first)


def test_a_day_becomes_an_outcome_of_a_lasting_identity() -> None:
    (outcome,) = outcomes_of([day()], currency="EUR", until=DAY)
    (restated,) = outcomes_of([day(revenue_micros=9_000_000)], currency="EUR", until=DAY)

    assert outcome.external_id == restated.external_id == "google_ads:7:2026-11-19"
    assert (outcome.spend_micros, outcome.revenue_micros, outcome.conversions) == (1_000_000, 3_000_000, 2)
    assert outcome.attributes == {"campaign_id": "7"}


@pytest.mark.parametrize(
    "fields",
    [
        {"day": date(2026, 11, 20)},
        {"spend_micros": 0},
        {"revenue_micros": None},
        {"currency": "USD"},
        {"currency": None},
    ],
)
def test_nothing_is_learned_from_a_day_that_is_open_free_or_not_told(fields: dict[str, object]) -> None:
    assert outcomes_of([day(**fields), day()], currency="EUR", until=DAY) == outcomes_of(
        [day()], currency="EUR", until=DAY
    )


def test_a_day_that_earned_nothing_is_an_outcome() -> None:
    assert outcomes_of([day(revenue_micros=0)], currency="EUR", until=DAY)[0].revenue_micros == 0
