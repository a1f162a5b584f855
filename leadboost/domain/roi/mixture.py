"""Several regressors as one: each has a say by how wrong it has lately been."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadboost.domain.roi.design import Design, Floats, Ints
from leadboost.domain.roi.linear import Additive

MEMORY_ROWS = 20_000
"""Of what came before that many rows, less than 2 % is left even in the long memory."""

_SHARPNESS = 30.0
_LOSS_KEPT = 0.998
_KEPT_OF_THE_PAST = 0.2


@dataclass(frozen=True, slots=True)
class Mixed:
    """A mixture at rest. Members that add up over columns are mixed once, into one weight vector."""

    weights: Floats

    def effects(self, design: Design) -> Floats:
        """Split each row's forecast over its features, (n, k) as in ``design``; rows sum to the forecast."""
        return design.capped(self.weights[design.columns] * design.values)


@dataclass(slots=True)
class Mixture:
    """Regressors and their recent mean absolute errors, forgotten over about 500 rows."""

    members: Sequence[Additive]
    losses: Floats

    @classmethod
    def start(cls) -> "Mixture":
        """Begin with a short memory (about 500 rows) and a long one (about 5,000)."""
        members = [Additive(0.998, 0.999), Additive(0.9998, 0.9998)]
        return cls(members, np.zeros(len(members)))

    def copy(self) -> "Mixture":
        """Copy, so that learning leaves this one as it is."""
        return Mixture([member.copy() for member in self.members], self.losses.copy())

    def names(self) -> Sequence[str]:
        """Name the members, in order."""
        return ("short memory", "long memory")

    def shares(self) -> Floats:
        """Share out one: proportional to exp(-30 (loss / best loss - 1)), exponential weights."""
        best = float(self.losses.min())
        if best <= 0.0:
            return np.full(len(self.members), 1.0 / len(self.members))
        share = np.exp(-_SHARPNESS * (self.losses / best - 1.0))
        shared: Floats = share / share.sum()
        return shared

    def mixed(self) -> Mixed:
        """Freeze the mixture as it stands."""
        return Mixed(self.shares() @ np.stack([member.weights for member in self.members]))

    def evidence(self) -> Floats:
        """Evidence of the shortest memory."""
        return self.members[0].evidence()

    def clear(self, columns: Ints) -> None:
        """Make every member forget these columns."""
        for member in self.members:
            member.clear(columns)

    def shorten(self) -> None:
        """Let every member go on from the shortest memory, and from a fifth of it: the world changed."""
        self.members[0].weaken(_KEPT_OF_THE_PAST)
        short = self.members[0]
        self.members = [
            replace(short.copy(), forget=one.forget, table_forget=one.table_forget) for one in self.members
        ]
        self.losses[:] = self.losses[0]

    def note(self, design: Design, target: Floats) -> None:
        """Note how wrong each member is on rows that it has not learned yet."""
        kept = _LOSS_KEPT ** len(target)
        for at, member in enumerate(self.members):
            error = np.abs(member.effects(design).sum(axis=1) - target).mean()
            self.losses[at] = self.losses[at] * kept + error * (1.0 - kept)

    def learn(self, design: Design, target: Floats, used: int) -> None:
        """Let every member learn."""
        for member in self.members:
            member.learn(design, target, used)
