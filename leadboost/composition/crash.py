"""Named moments at which a drill may end the process, as kill -9 would."""

import os
import signal
from collections.abc import Callable

from leadboost.settings import Settings


def crash_points(settings: Settings) -> Callable[[str], None]:
    """Make the function that is told of each moment; it does nothing unless that one is armed.

    ``POINT@N`` ends the process when the moment comes for the N-th time.
    """
    armed, _, nth = (settings.crash or "").partition("@")
    left = int(nth or 1) if settings.testing.crash_points else 0

    def reached(point: str) -> None:
        nonlocal left
        if point != armed or not left:
            return
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached
