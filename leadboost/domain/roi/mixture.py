"""Several regressors as one: each has a say by how wrong it has lately been."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from leadboost.domain.roi.boosted import Boosted
from leadboost.domain.roi.design import Design, Floats, Ints, Layout
from leadboost.domain.roi.hashed import Hashed
from leadboost.domain.roi.line import Line
from leadboost.domain.roi.linear import Additive

MEMORY_ROWS = 20_000
"""Of what came before that many rows, less than 2 % is left even in the long memory."""

_SHARPNESS = 30.0
_LOSS_KEPT = 0.998
_KEPT_OF_THE_PAST = 0.2


@dataclass(frozen=True, slots=True)
class Split:
    """Forecasts of n rows, split: ``effects`` (n, k) as in their design; what trees add is ``left_over``,
    (n, INPUTS), by their inputs. Both sum to the forecast. Without trees ``left_over`` is None."""

    effects: Floats
    left_over: Floats | None

    def total(self) -> Floats:
        """Return the forecasts, (n,)."""
        total: Floats = self.effects.sum(axis=1)
        return total if self.left_over is None else total + self.left_over.sum(axis=1)


@dataclass(frozen=True, slots=True)
class Mixed:
    """A mixture at rest. Members that add up over columns are mixed once, into one weight vector.

    Forecasts are those of the additive members plus ``share`` of what the trees add.
    """

    weights: Floats
    hashed: Floats
    boosted: Boosted | None = None
    share: float = 0.0

    def effects(self, design: Design) -> Floats:
        """Split each row's additive forecast over its features, (n, k) as in ``design``."""
        weights = self.weights.take(design.columns) + self.hashed.take(design.buckets)
        return design.capped(weights * design.values)

    def forecast(self, design: Design) -> Floats:
        """Forecast each row, (n,)."""
        effects = self.effects(design)
        if self.boosted is None or not self.share:
            total: Floats = effects.sum(axis=1)
            return total
        boosted: Floats = effects.sum(axis=1) + self.share * self.trees(design, effects)
        return boosted

    def trees(self, design: Design, effects: Floats) -> Floats:
        """What the trees add to each additive forecast, (n,); nought without trees."""
        if self.boosted is None:
            return np.zeros(len(effects))
        return self.boosted.trees.forecast(self.boosted.inputs(design.rows, design.unheard(effects)))

    def split(self, design: Design) -> Split:
        """Forecast each row, effect by effect."""
        effects = self.effects(design)
        if self.boosted is None or not self.share:
            return Split(effects, None)
        inputs = self.boosted.inputs(design.rows, design.unheard(effects))
        base, left_over = self.boosted.trees.effects(inputs)
        effects[:, 0] += self.share * base
        return Split(effects, self.share * left_over)


@dataclass(slots=True)
class Mixture:
    """Regressors and their recent mean absolute errors, forgotten over about 500 rows.

    ``losses`` are those of the additive members, of the line and of the hashed one, in this order;
    ``mixed_losses`` (2,) those of their mixture and of mixture and trees together.
    """

    members: Sequence[Additive]
    line: Line
    hashed: Hashed
    losses: Floats
    boosted: Boosted | None = None
    mixed_losses: Floats = field(default_factory=lambda: np.zeros(2))
    _mixed: Mixed | None = field(default=None, init=False, repr=False, compare=False)
    """The mixture at rest, once somebody has asked; None as soon as anything changes."""

    @classmethod
    def start(cls) -> "Mixture":
        """Begin with a short memory (about 500 rows) and a long one (about 5,000), and a line in between."""
        members = [Additive(0.998, 0.999), Additive(0.9998, 0.9998)]
        return cls(members, Line(0.9995), Hashed(0.9995), np.zeros(len(members) + 2))

    def copy(self) -> "Mixture":
        """Copy, so that learning leaves this one as it is."""
        members = [member.copy() for member in self.members]
        return replace(
            self,
            members=members,
            line=self.line.copy(),
            hashed=self.hashed.copy(),
            losses=self.losses.copy(),
            mixed_losses=self.mixed_losses.copy(),
        )

    def names(self) -> Sequence[str]:
        """Name the members, in order."""
        additive = ("short memory", "long memory", "spend alone", "hashed features")
        return additive if self.boosted is None else (*additive, "boosted trees")

    def standing(self) -> tuple[Sequence[float], Sequence[float]]:
        """Return each member's share, which sum to one, and its recent error; in order of their names."""
        share = self._share_of_trees()
        if self.boosted is None:
            return self._shares().tolist(), self.losses.tolist()
        shares = [*((1.0 - share) * self._shares()).tolist(), share]
        return shares, [*self.losses.tolist(), float(self.mixed_losses[1])]

    def _shares(self) -> Floats:
        return _shared(self.losses)

    def _share_of_trees(self) -> float:
        return float(_shared(self.mixed_losses)[1]) if self.boosted is not None else 0.0

    def mixed(self) -> Mixed:
        """Freeze the mixture as it stands."""
        if self._mixed is None:
            *shares, line, hashed = self._shares().tolist()
            weights = line * self.line.weights
            for share, member in zip(shares, self.members, strict=True):
                weights += share * member.weights
            hashes = hashed * self.hashed.weights
            self._mixed = Mixed(weights, hashes, self.boosted, self._share_of_trees())
        return self._mixed

    def adopt(self, boosted: Boosted) -> None:
        """Take newly fitted trees in. The first have to show what they can do: they begin with a loss
        a tenth above that of the others, that is with a share of a twentieth."""
        if self.boosted is None:
            self._doubt_trees()
        self.boosted = boosted
        self._mixed = None

    def _doubt_trees(self) -> None:
        self.mixed_losses[1] = 1.1 * self.mixed_losses[0]

    def evidence(self) -> Floats:
        """Evidence of the shortest memory."""
        return self.members[0].evidence()

    def clear(self, columns: Ints) -> None:
        """Make every member forget these columns."""
        for member in self.members:
            member.clear(columns)
        self._mixed = None

    def shorten(self) -> None:
        """Let every member go on from the shortest memory, and from a fifth of it: the world changed."""
        self.members[0].weaken(_KEPT_OF_THE_PAST)
        short = self.members[0]
        self.members = [
            replace(short.copy(), forget=one.forget, table_forget=one.table_forget) for one in self.members
        ]
        self.line.weaken(_KEPT_OF_THE_PAST)
        self.hashed.weaken(_KEPT_OF_THE_PAST)
        self.losses[: len(self.members)] = self.losses[0]
        self._doubt_trees()
        self._mixed = None

    def note(self, design: Design, target: Floats) -> Floats:
        """Forecast rows that were not learned yet, and note how wrong each member is; returns forecasts."""
        kept = _LOSS_KEPT ** len(target)
        mixed = self.mixed()
        forecasts = [member.forecast(design) for member in self.members]
        forecasts += [self.line.forecast(design), self.hashed.forecast(design)]
        self.losses *= kept
        self.losses += (1.0 - kept) * _errors(forecasts, target)
        effects = mixed.effects(design)
        additive, added = effects.sum(axis=1), mixed.trees(design, effects)
        self.mixed_losses *= kept
        self.mixed_losses += (1.0 - kept) * _errors([additive, additive + added], target)
        self._mixed = None
        forecast: Floats = additive + mixed.share * added
        return forecast

    def learn(self, design: Design, target: Floats, used: int, tables: int) -> None:
        """Let every member learn; ``used`` columns of the ridge and ``tables`` of the tables are in use."""
        layout = Layout.of(design, used, tables)
        for member in self.members:
            member.learn(design, layout, target)
        self.line.learn(design, target)
        self.hashed.learn(design, target)
        self._mixed = None


def _errors(forecasts: Sequence[Floats], target: Floats) -> Floats:
    """Mean absolute error of each forecast."""
    errors: Floats = np.abs(np.array(forecasts) - target).sum(axis=1) / len(target)
    return errors


def _shared(losses: Floats) -> Floats:
    """Share out one: proportional to exp(-30 (loss / best loss - 1)), exponential weights."""
    best = float(losses.min())
    if best <= 0.0:
        return np.full(len(losses), 1.0 / len(losses))
    share = np.exp(-_SHARPNESS * (losses / best - 1.0))
    shared: Floats = share / share.sum()
    return shared
