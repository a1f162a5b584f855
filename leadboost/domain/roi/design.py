"""From feature names to columns, and rows of features as one matrix."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt

from leadboost.domain.roi.features import HEARD_CAP, KNOTS, NO_BUCKET, Terms, bucket

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RIDGE_COLUMNS = 512
TABLE_COLUMNS = 8192
COLUMNS = RIDGE_COLUMNS + TABLE_COLUMNS
NOWHERE = COLUMNS
"""The column of features that have none; its weight is always zero."""

FIXED = ("", *(f"spend~{knot}" for knot in range(len(KNOTS))))
"""The first columns, the same in every model: the constant and the bends of the spend, in their order."""

SPEND_COLUMNS = slice(1, len(FIXED))

_REPLACED_AT_ONCE = 64
_CONSTANT = bucket(FIXED[0])


@dataclass(frozen=True, slots=True)
class Design:
    """n rows of at most k features: ``columns``, ``buckets`` and ``values`` are (n, k), padded with
    ``NOWHERE``, ``NO_BUCKET`` and nought.

    Column 0 is the constant and stands first in every row, then follow ``heard`` (n,) columns of what
    was heard; None where nothing was. ``spend`` (n, knots) is each row's place between ``KNOTS``: the
    shares of the two around it, which sum to one.
    """

    rows: Sequence[Terms]
    columns: Ints
    buckets: Ints
    values: Floats
    spend: Floats
    heard: Ints | None = None

    def summed(self, weights: Floats) -> Floats:
        """Forecast each row, (n,), from the weights of its features, (n, k)."""
        if self.heard is None:
            plain: Floats = np.einsum("ij,ij->i", weights, self.values)
            return plain
        capped: Floats = self.capped(weights * self.values).sum(axis=1)
        return capped

    def unheard(self, effects: Floats) -> Floats:
        """Sum up effects without what was heard, (n,)."""
        kept = effects if self.heard is None else np.where(self._is_heard(), 0.0, effects)
        total: Floats = kept.sum(axis=1)
        return total

    def capped(self, effects: Floats) -> Floats:
        """Shrink what was heard, by one factor per row, to at most ``HEARD_CAP`` in total."""
        if self.heard is None:
            return effects
        heard = self._is_heard()
        total = np.abs(np.where(heard, effects, 0.0).sum(axis=1))
        factor = HEARD_CAP / np.maximum(total, HEARD_CAP)
        capped: Floats = np.where(heard, effects * factor[:, None], effects)
        return capped

    def _is_heard(self) -> npt.NDArray[np.bool_]:
        heard = self.heard if self.heard is not None else np.zeros(len(self.rows), dtype=np.int64)
        place = np.arange(self.columns.shape[1])
        is_heard: npt.NDArray[np.bool_] = (place > 0) & (place <= heard[:, None])
        return is_heard


def design(rows: Sequence[Terms], find: Mapping[str, int]) -> Design:
    """Look up every feature's column; at least one row."""
    widths = [len(row.names) for row in rows]
    width = max(widths)
    padded = [(row, width - own) for row, own in zip(rows, widths, strict=True)]
    columns = ((0, *map(find.get, row.names, repeat(NOWHERE)), *(NOWHERE,) * gap) for row, gap in padded)
    buckets = ((_CONSTANT, *row.buckets, *(NO_BUCKET,) * gap) for row, gap in padded)
    values = ((1.0, *row.values, *(0.0,) * gap) for row, gap in padded)
    shape = len(rows), 1 + width
    return Design(
        rows,
        np.fromiter(chain.from_iterable(columns), np.int64, shape[0] * shape[1]).reshape(shape),
        np.fromiter(chain.from_iterable(buckets), np.int64, shape[0] * shape[1]).reshape(shape),
        np.fromiter(chain.from_iterable(values), np.float64, shape[0] * shape[1]).reshape(shape),
        _spend(rows),
        np.array([row.heard for row in rows]) if any(row.heard for row in rows) else None,
    )


def _spend(rows: Sequence[Terms]) -> Floats:
    spend = np.zeros((len(rows), len(KNOTS)))
    share = np.array([row.share for row in rows])
    left = np.array([row.left for row in rows]) + np.arange(0, spend.size, len(KNOTS))
    flat = spend.ravel()
    flat[left] = 1.0 - share
    flat[left + 1] = share
    return spend


@dataclass(frozen=True, slots=True)
class Layout:
    """A design as those that learn want it, laid out once for all of them: ``ridge`` (n, columns in use) the
    values by column, and of each value in a table its ``row``, its place ``at`` among ``tables`` and the
    ``value``, (m,) each."""

    ridge: Floats
    row: Ints
    at: Ints
    value: Floats
    tables: int

    @classmethod
    def of(cls, design: Design, used: int, tables: int) -> "Layout":
        """Lay out rows while ``used`` columns of the ridge and ``tables`` of the tables are in use."""
        columns = design.columns
        rows, width = columns.shape
        ridge = np.zeros((rows, used + 1))
        starts = np.arange(0, rows * (used + 1), used + 1)[:, None]
        ridge.ravel()[starts + np.minimum(columns, used)] = design.values
        flat = np.flatnonzero((columns >= RIDGE_COLUMNS) & (columns < COLUMNS))
        at = columns.ravel()[flat] - RIDGE_COLUMNS
        return cls(ridge[:, :used], flat // width, at, design.values.ravel()[flat], tables)


@dataclass(slots=True)
class Columns:
    """Which feature has which column. New features get free columns, then those of forgotten ones."""

    find: dict[str, int] = field(default_factory=lambda: {name: at for at, name in enumerate(FIXED)})
    names: list[str] = field(default_factory=lambda: list(FIXED))
    table_names: list[str] = field(default_factory=list)

    def copy(self) -> "Columns":
        """Copy, so that learning leaves this one as it is."""
        return Columns(dict(self.find), list(self.names), list(self.table_names))

    def admit(self, rows: Sequence[Terms], evidence: Callable[[], Floats]) -> Ints:
        """Give columns to the new features of ``rows``, the general and frequent first.

        ``evidence()`` weighs what is known of each column against its prior; columns below 1 may be
        taken over. Returns those taken over.
        """
        ridge = chain.from_iterable(row.names[: row.shared] for row in rows)
        table = chain.from_iterable(row.names[row.shared :] for row in rows)
        return np.array(
            self._admit(self._unknown(ridge), self.names, 0, RIDGE_COLUMNS, evidence)
            + self._admit(self._unknown(table), self.table_names, RIDGE_COLUMNS, TABLE_COLUMNS, evidence),
            dtype=np.int64,
        )

    def _admit(
        self, new: list[str], names: list[str], offset: int, room: int, evidence: Callable[[], Floats]
    ) -> list[int]:
        free = room - len(names)
        for name in new[:free]:
            self.find[name] = offset + len(names)
            names.append(name)
        late = new[free:][:_REPLACED_AT_ONCE]
        if not late:
            return []
        known = evidence()[offset : offset + room]
        weakest = [int(at) for at in np.argsort(known, kind="stable")[: len(late)] if known[at] < 1.0]
        for at, name in zip(weakest, late, strict=False):
            del self.find[names[at]]
            self.find[name] = offset + at
            names[at] = name
        return [offset + at for at in weakest]

    def _unknown(self, names: Iterable[str]) -> list[str]:
        """List the names without a column, the most frequent first, ties in order of appearance."""
        counts = Counter(name for name in names if name not in self.find)
        return [name for name, _ in counts.most_common()]
