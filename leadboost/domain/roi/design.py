"""From feature names to columns, and rows of features as one matrix."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, TypeVar

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
_NAMELESS: tuple[str, ...] = ("\x00",)
"""What a shorter row is filled with: no feature has that name."""

T = TypeVar("T")


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
    names = _padded([row.names for row in rows], _NAMELESS)
    shape = len(rows), 1 + len(names[0])
    columns, buckets = np.zeros(shape, dtype=np.int64), np.full(shape, _CONSTANT)
    values = np.ones(shape)
    known = map(find.get, chain.from_iterable(names), repeat(NOWHERE))
    _fill(columns, known)
    _fill(buckets, chain.from_iterable(_padded([row.buckets for row in rows], (NO_BUCKET,))))
    _fill(values, chain.from_iterable(_padded([row.values for row in rows], (0.0,))))
    heard = [row.heard for row in rows]
    return Design(rows, columns, buckets, values, _spend(rows), np.array(heard) if any(heard) else None)


def _padded(rows: list[tuple[T, ...]], by: tuple[T, ...]) -> list[tuple[T, ...]]:
    """Make all rows as long as the longest one."""
    widths = set(map(len, rows))
    return rows if len(widths) == 1 else [row + by * (max(widths) - len(row)) for row in rows]


def _fill(table: npt.NDArray[Any], items: Iterable[float]) -> None:
    """Write items into all columns but the first, row after row."""
    rows, width = table.shape
    table[:, 1:] = np.fromiter(items, table.dtype, rows * (width - 1)).reshape(rows, width - 1)


def _spend(rows: Sequence[Terms]) -> Floats:
    spend = [0.0] * (len(rows) * len(KNOTS))
    for at, row in zip(range(0, len(spend), len(KNOTS)), rows, strict=True):
        spend[at + row.left], spend[at + row.left + 1] = 1.0 - row.share, row.share
    return np.array(spend).reshape(len(rows), len(KNOTS))


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
