"""The life of the daemon.

Configuration becomes adapters, adapters become actors, and actors start in stages: whatever can
show or stop the system is up before anything can act, and intake opens last. Stopping is the
reverse. While a part cannot start, the console alone stays up and says why (safe mode).
"""

from leadboost.app.daemon import Daemon
from leadboost.app.process import run

__all__ = ["Daemon", "run"]
