"""The demo world: a small shop, its feeds and its ad account, all made up and all on this machine.

Servers that LeadBoost asks (``open``) and people who ask LeadBoost (``live``). The real connectors talk
to the servers over HTTP, and the people use the public API with a bearer token, so nothing here knows
LeadBoost from the inside. Everything is drawn from one seed; nothing of it is real, and all of it says
DEMO.
"""

from leadboost.standins.world.world import World

__all__ = ["World"]
