"""The mirror: what hosts that share one database tell one another through Redis, and who of them leads.

Postgres is the truth; Redis is a doorbell and elects lock holders, and may vanish at any moment: that costs
latency, never correctness. ``lock.py`` elects by Redis and fences by a term in Postgres, ``bus.py`` carries
messages; ``client.py`` is the one way to Redis, ``keys.py`` names all that stands there.
"""

from leadboost.mirror.lock import DistributedLock

__all__ = ["DistributedLock"]
