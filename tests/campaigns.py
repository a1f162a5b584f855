"""Made-up campaigns with known returns, the same for every run of a seed."""

import math
import random
from collections.abc import Sequence
from datetime import date, timedelta

from leadboost.domain.outcome import Outcome

LIFT = {"red": 0.9, "blue": -0.6, "top": 0.4, "side": -0.4}
BONUS = {("red", "side"): 0.7}


def campaign(
    id_: str = "c", *, spend_micros: int = 5_000_000, revenue_micros: int = 9_000_000, **attributes: str
) -> Outcome:
    return Outcome(
        external_id=id_,
        platform="meta_ads",
        day=date(2026, 5, 2),
        spend_micros=spend_micros,
        revenue_micros=revenue_micros,
        currency="EUR",
        attributes=attributes,
    )


def campaigns(count: int, *, seed: int = 1, noise: float = 0.3) -> Sequence[Outcome]:
    """Outcomes in order of day, 40 a day: log(revenue / spend) is a sum of lifts, a bonus and noise."""
    rng = random.Random(seed)
    return [_campaign(rng, at, noise) for at in range(count)]


def _campaign(rng: random.Random, at: int, noise: float) -> Outcome:
    colour, place = rng.choice(("red", "blue", "green")), rng.choice(("top", "side"))
    spend = math.exp(rng.gauss(2.0, 1.5))
    lift = LIFT.get(colour, 0.0) + LIFT[place] + BONUS.get((colour, place), 0.0)
    return Outcome(
        external_id=f"c{at}",
        platform=rng.choice(("meta_ads", "google_ads")),
        day=date(2026, 1, 1) + timedelta(days=at // 40),
        spend_micros=round(spend * 1e6),
        revenue_micros=round(spend * math.exp(lift + rng.gauss(0.0, noise)) * 1e6),
        currency="EUR",
        attributes={"colour": colour, "place": place},
    )
