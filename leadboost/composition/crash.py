"""Named moments at which a drill may end the process, as kill -9 would."""

import os
import signal
from collections.abc import Callable

from leadboost.settings import Settings


def crash_points(settings: Settings) -> Callable[[str], None]:
    """Make the function that is told of each moment; it does nothing unless that one is armed."""
    armed = settings.crash if settings.testing.crash_points else None

    def reached(point: str) -> None:
        if point == armed:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached
