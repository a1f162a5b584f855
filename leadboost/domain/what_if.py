"""What more advertising would bring, and how soon it would empty the shelves: a simulation.

Ads: the ROI model's median and interval of one day's spend give a log(1 + roi) with a normal tail to
either side. One error is drawn per platform and path and holds for all its days, since what a model gets
wrong it gets wrong every day; that makes the interval wide rather than narrow.
Products: each sells at a rate drawn from the Gamma posterior of its recent pace (Jeffreys prior of a Poisson
rate), and shares in what ads bring by its part of recent revenue. Nothing is sold that is not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadboost.clock import Rng
from leadboost.domain.stock import Pace

PATHS = 2_000
LEVEL = 0.8
_TAIL_Z = 1.2815515655446004  # of the standard normal, 10 % to either side
_PRIOR_UNITS = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A product with its price in micros, None where nobody said, and its pace, None while unknown."""

    sku: str
    available: int
    price_micros: int | None
    pace: Pace | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Spend of one platform over the whole horizon in micros, and the ROI of one day of it."""

    spend_micros: int
    roi: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Median and interval of a simulated figure; None where it lies beyond the horizon."""

    median: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfOutlook:
    """When a product runs out, in days from now, and the share of paths in which it does."""

    sku: str
    stock_out_day: Range
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Money in micros over the horizon. ``stock_out_day`` is that of the first product to run out.

    ``cash`` is revenue less the spend: what is on hand has been paid for. ``modelled`` products have price
    and pace; the others are left out. Without any, revenue is what the ads alone would bring.
    """

    revenue: Range
    cash: Range
    ad_revenue: Range
    stock_out_day: Range
    products: Sequence[ShelfOutlook]
    modelled: int


def simulate(shelves: Sequence[Shelf], pushes: Mapping[str, Push], *, horizon_days: int, rng: Rng) -> Outlook:
    """Draw ``PATHS`` futures of so many days. The same inputs and seed give the same outlook.

    The spend of ``pushes`` comes on top of what is spent today, whose effect the paces hold already.
    """
    chance = np.random.default_rng(rng.bits(128))
    known = [shelf for shelf in shelves if shelf.price_micros and shelf.pace is not None]
    spend = sum(push.spend_micros for push in pushes.values())
    ads = sum((_brought(chance, push) for _, push in sorted(pushes.items())), np.zeros(PATHS))
    if not known:
        return Outlook(
            revenue=_range(ads),
            cash=_range(ads - spend),
            ad_revenue=_range(ads),
            stock_out_day=Range(median=None, low=None, high=None),
            products=(),
            modelled=0,
        )
    days, revenue = _sell(chance, known, ads, horizon_days)
    return Outlook(
        revenue=_range(revenue),
        cash=_range(revenue - spend),
        ad_revenue=_range(ads),
        stock_out_day=_day_range(days.min(axis=1), horizon_days),
        products=_outlooks(known, days, horizon_days),
        modelled=len(known),
    )


def _brought(chance: np.random.Generator, push: Push) -> Floats:
    """Revenue of one platform, path by path."""
    middle, low, high = np.log1p(np.maximum([push.roi, push.low, push.high], -1 + 1e-9))
    error = chance.standard_normal(PATHS)
    scale = np.where(error < 0, max(middle - low, 0.0), max(high - middle, 0.0)) / _TAIL_Z
    brought: Floats = push.spend_micros * np.exp(middle + scale * error)
    return brought


def _sell(
    chance: np.random.Generator, shelves: Sequence[Shelf], ads: Floats, horizon_days: int
) -> tuple[Floats, Floats]:
    """Day on which each product runs out (paths by products), and revenue by path."""
    price = np.array([shelf.price_micros or 0 for shelf in shelves], dtype=float)
    available = np.array([max(shelf.available, 0) for shelf in shelves], dtype=float)
    units = np.array([shelf.pace.units if shelf.pace else 0.0 for shelf in shelves])
    exposure = np.array([shelf.pace.days if shelf.pace else 1.0 for shelf in shelves])
    rates = chance.gamma(units + _PRIOR_UNITS, 1.0, (PATHS, len(shelves))) / exposure
    weights = units / exposure * price
    shares = weights / weights.sum() if weights.any() else np.full(len(shelves), 1 / len(shelves))
    demand = rates + ads[:, None] * shares / price / horizon_days
    revenue = (np.minimum(demand * horizon_days, available) * price).sum(axis=1)
    return available / np.maximum(demand, 1e-12), revenue


def _outlooks(shelves: Sequence[Shelf], days: Floats, horizon_days: int) -> Sequence[ShelfOutlook]:
    """Those that may run out within the horizon, the first to do so first."""
    outlooks = [
        ShelfOutlook(
            sku=shelf.sku,
            stock_out_day=_day_range(days[:, at], horizon_days),
            probability=float((days[:, at] <= horizon_days).mean()),
        )
        for at, shelf in enumerate(shelves)
    ]
    medians = np.median(days, axis=0)
    order = np.argsort(medians, kind="stable")
    return [outlooks[at] for at in order if outlooks[at].probability > 0]


def _quantiles(values: Floats) -> list[float]:
    cuts: list[float] = np.quantile(values, [0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return cuts


def _range(values: Floats) -> Range:
    median, low, high = _quantiles(values)
    return Range(median=median, low=low, high=high)


def _day_range(days: Floats, horizon_days: int) -> Range:
    median, low, high = (day if day <= horizon_days else None for day in _quantiles(days))
    return Range(median=median, low=low, high=high)
