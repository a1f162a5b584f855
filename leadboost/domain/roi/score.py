"""How wrong forecasts were on rows not yet learned: in total, and window after window."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from leadboost.domain.roi.design import Floats

WINDOWS: Final = 200
FIRST_WINDOW_ROWS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How wrong forecasts were on rows not yet learned; sums over ``rows``.

    The baseline is the running mean of all targets before the row. Rows that met the prior are
    in ``observations`` alone.
    """

    observations: int = 0
    target_sum: float = 0.0
    rows: int = 0
    error_sum: float = 0.0
    baseline_error_sum: float = 0.0
    covered: int = 0

    @property
    def mae(self) -> float | None:
        """Mean absolute error of the forecasts; None before the first scored row."""
        return self.error_sum / self.rows if self.rows else None

    @property
    def baseline_mae(self) -> float | None:
        """Mean absolute error of the running mean on the same rows."""
        return self.baseline_error_sum / self.rows if self.rows else None

    @property
    def coverage(self) -> float | None:
        """Share of rows whose target fell into the interval given for it."""
        return self.covered / self.rows if self.rows else None

    def metrics(self) -> dict[str, float]:
        """List what is known of mae, baseline_mae, coverage, and rows, the number scored."""
        known = {"mae": self.mae, "baseline_mae": self.baseline_mae, "coverage": self.coverage}
        return {"rows": self.rows} | {name: value for name, value in known.items() if value is not None}

    def count(
        self, target: Floats, error: Floats, covered: Floats, *, scored: bool
    ) -> tuple["Score", "Window"]:
        """Count rows; returns the new score and, empty unless ``scored``, what was added to it."""
        counted = replace(
            self,
            observations=self.observations + len(target),
            target_sum=self.target_sum + float(target.sum()),
        )
        if not scored:
            return counted, Window()
        sums = self.target_sum + np.cumsum(target) - target
        baseline = np.abs(target - sums / np.arange(self.observations, counted.observations))
        added = Window(
            rows=len(target),
            error_sum=float(error.sum()),
            baseline_error_sum=float(baseline.sum()),
            covered=int(covered.sum()),
        )
        counted = replace(
            counted,
            rows=self.rows + added.rows,
            error_sum=self.error_sum + added.error_sum,
            baseline_error_sum=self.baseline_error_sum + added.baseline_error_sum,
            covered=self.covered + added.covered,
        )
        return counted, added


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Sums over consecutive scored rows; ``day`` (ISO) is that of the last one."""

    day: str = ""
    rows: int = 0
    error_sum: float = 0.0
    baseline_error_sum: float = 0.0
    covered: int = 0

    def joined(self, later: "Window") -> "Window":
        """Join with the window that follows."""
        return Window(
            day=later.day,
            rows=self.rows + later.rows,
            error_sum=self.error_sum + later.error_sum,
            baseline_error_sum=self.baseline_error_sum + later.baseline_error_sum,
            covered=self.covered + later.covered,
        )


@dataclass(frozen=True, slots=True)
class History:
    """Windows, oldest first, at most ``WINDOWS``; past that, neighbours are joined and windows double."""

    windows: Sequence[Window] = ()
    window_rows: int = FIRST_WINDOW_ROWS

    def added(self, window: Window) -> "History":
        """Add rows to the last window, or in a new one when that is full."""
        if not window.rows:
            return self
        windows = list(self.windows)
        if windows and windows[-1].rows < self.window_rows:
            windows[-1] = windows[-1].joined(window)
        else:
            windows.append(window)
        if len(windows) <= WINDOWS:
            return History(windows, self.window_rows)
        pairs = list(pairwise(windows))[::2]
        rest = windows[2 * len(pairs) :]
        return History([one.joined(other) for one, other in pairs] + rest, 2 * self.window_rows)
