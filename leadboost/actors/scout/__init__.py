"""The collector of signals: ``scout.py`` is the actor, ``intake.py`` takes items in, ``polling.py`` says
what a poll makes of a source, ``told.py`` holds its private messages."""

from leadboost.actors.scout.polling import Intake
from leadboost.actors.scout.scout import Scout

__all__ = ["Intake", "Scout"]
