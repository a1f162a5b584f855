"""Bookkeeper: reads what campaigns spend and earn from their platforms, and enters it as outcomes.

Connecting reads the last 90 days, then every quarter of an hour the last few and once a day the last 30:
conversions come late and are restated. Each outcome has the identity of its campaign and day, so reading it
again corrects it or changes nothing. One host reads at a time; two that did would do no harm.
"""

from leadboost.actors.bookkeeper.bookkeeper import Bookkeeper

__all__ = ["Bookkeeper"]
