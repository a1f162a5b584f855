"""Outcomes to learn from: files read as ``leadboost ingest`` reads them, or a made-up year of a shop."""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import exp, log
from pathlib import Path

import numpy as np
import numpy.typing as npt

from leadboost.domain.outcome import Outcome
from leadboost.domain.outcome_rows import OutcomeTable, Taken
from leadboost.domain.outcome_survey import OutcomeOptions
from leadboost.domain.roi.features import C, target
from leadboost.domain.tabular import Table
from leadboost.remote.files import opener

SYNTHETIC = "synthetic"
SYNTHETIC_ROWS = 8_192
DAYS = 64
TODAY = date(2026, 6, 1)
"""When the files were read, so that dates without a year mean the same ever after."""

# A table of one row per week and a column of spend per channel does not say which columns are money.
STATED: Mapping[str, Mapping[str, Sequence[str]]] = {
    "robyn_dt_simulated_weekly": {"spend": ("tv_S", "ooh_S", "print_S", "facebook_S", "search_S")},
}
LEAST_GROUP, LARGEST_GROUP, GROUP_SHARE = 6, 64, 16

_CAMPAIGNS, _BANNERS, _PLACEMENTS, _AUDIENCES = 24, 8, 5, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Outcomes in time order and their targets."""

    outcomes: list[Outcome]
    targets: npt.NDArray[np.float64]

    @classmethod
    def of(cls, outcomes: list[Outcome]) -> "Told":
        """Work out the targets."""
        targets = [target(outcome.spend_micros, outcome.revenue_micros) for outcome in outcomes]
        return cls(outcomes=outcomes, targets=np.array(targets))

    def first(self, rows: int) -> "Told":
        """The oldest of them."""
        return Told(outcomes=self.outcomes[:rows], targets=self.targets[:rows])


def data_sets(given: Path | None) -> Sequence[Path | None]:
    """List the files of ``given``, or of SAMPLE_DATA; where there is neither, None: the made-up one."""
    if given is None and "SAMPLE_DATA" in os.environ:
        given = Path(os.environ["SAMPLE_DATA"]) / "ads_outcomes"
    if given is None:
        return [None]
    return sorted(given.glob("*.csv")) if given.is_dir() else [given]


def set_name(path: Path | None) -> str:
    """How a data set is called in reports."""
    return SYNTHETIC if path is None else path.name.partition(".")[0]


def outcomes_of(path: Path | None, size: float) -> list[Outcome]:
    """Read the oldest outcomes, this share of all, in time order. Raises InputError for an unusable file."""
    if path is None:
        return made_up(round(SYNTHETIC_ROWS * size))
    options = OutcomeOptions(stated=STATED.get(set_name(path), {}))
    table = OutcomeTable(Table(opener(path)), options, TODAY)
    taken = [reading.outcome for reading in table if isinstance(reading, Taken)]
    return sorted(taken, key=lambda outcome: outcome.day)[: round(len(taken) * size)]


def groups(rows: int) -> Iterator[slice]:
    """Rows whose outcomes become known together: a sixteenth of what came before, 6 to 64."""
    at = 0
    while at < rows:
        size = min(max(at // GROUP_SHARE, LEAST_GROUP), LARGEST_GROUP)
        yield slice(at, min(at + size, rows))
        at += size


def made_up(rows: int) -> list[Outcome]:
    """Make outcomes of a shop, the same ones each time: level, bend with the spend and pairwise effects
    of four attributes, a slow drift, heavy tails, and days on which nothing comes back."""
    rng = random.Random(20_260_601)
    effects = _Effects(rng)
    return [_outcome(number, rows, effects, rng) for number in range(rows)]


class _Effects(dict[str, float]):
    """What a value, or a pair of values, adds to the logarithm of the return; drawn when first asked."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng

    def __missing__(self, name: str) -> float:
        effect = self[name] = self._rng.gauss(0.0, 0.25 if "&" in name else 0.6)
        return effect


def _outcome(number: int, rows: int, effects: _Effects, rng: random.Random) -> Outcome:
    attributes = {
        "campaign": f"campaign {int(rng.paretovariate(0.7)) % _CAMPAIGNS}",
        "banner": f"banner {rng.randrange(_BANNERS)}",
        "placement": f"placement {rng.randrange(_PLACEMENTS)}",
        "audience": f"audience {rng.randrange(_AUDIENCES)}",
    }
    platform = rng.choice(("meta", "google"))
    time = number / rows
    spend = exp(rng.gauss(3.0, 1.5))
    y = _level([platform, *attributes.values()], effects) - 0.15 * (log(spend) - 3.0)
    y += time * effects[f"drift {attributes['campaign']}"] + 0.4 * rng.gauss(0.0, 1.0) / rng.uniform(0.3, 1.0)
    revenue = 0.0 if rng.random() < 0.05 / (1.0 + spend / 20.0) else max(exp(y) * (spend + C) - C, 0.0)
    return Outcome(
        external_id=str(number),
        platform=platform,
        day=(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=int(time * DAYS))).date(),
        spend_micros=round(spend * 1e6),
        revenue_micros=round(revenue * 1e6),
        currency="USD",
        attributes=attributes,
    )


def _level(values: Sequence[str], effects: _Effects) -> float:
    return sum(effects[value] for value in values) + sum(effects[pair] for pair in _pairs(values))


def _pairs(values: Sequence[str]) -> Iterator[str]:
    return (f"{one}&{other}" for at, one in enumerate(values) for other in values[:at])
