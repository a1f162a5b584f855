"""Supervised actors on one asyncio loop.

The twelve guarantees, each with a test of its number in ``tests/unit/test_runtime_semantics.py``:

1. One message at a time per actor. An actor with a batch size gets the messages queued now, of one
   lane, in arrival order, and returns a result or an exception for each.
2. First in, first out per sender and lane; no order across senders.
3. Control first; command before event, but for a slice of time now and then, so that events never
   starve. Long work is spawned and comes back as a message, or as the answer to an ask.
4. Every mailbox is bounded: a full command lane refuses, a full event lane drops the oldest and
   tells the gap, an event with a conflation key replaces its queued predecessor.
5. An ask has an absolute deadline that only shrinks along a chain; an ask that would close a
   circle of waiting handlers is refused at once.
6. An error goes to the asker and the actor lives; without an asker the supervisor decides.
7. A restart is a new instance; the mailbox survives. A retryable message gets five tries.
8. Restarts are bounded and back off; past the bound an actor is DEGRADED, a critical one escalates.
9. A failing first start is reported to the spawner. Stages have budgets; an overrun is named.
10. Stopping lets the handler finish, then answers everyone who waits.
11. Time and randomness come in through Clock and Rng; the clock is the loop's.
12. Depth, age, rate, restarts, slowest handler and drops of every actor can be read at any time.
"""

from leadboost.runtime.actor import Actor
from leadboost.runtime.mailbox import Bounds
from leadboost.runtime.message import Event, Lane, Message
from leadboost.runtime.ref import ActorRef
from leadboost.runtime.stage import Stage
from leadboost.runtime.supervision import Child
from leadboost.runtime.system import Runtime
from leadboost.runtime.topic import Topic

__all__ = [
    "Actor",
    "ActorRef",
    "Bounds",
    "Child",
    "Event",
    "Lane",
    "Message",
    "Runtime",
    "Stage",
    "Topic",
]
