"""The collector of signals: ``scout.py`` is the actor, ``intake.py`` takes items in, ``tenure.py`` says
which sources this host polls, ``polling.py`` what a poll makes of its source, ``showing.py`` what is shown of
it, ``told.py`` holds the actor's private messages."""

from leadboost.actors.scout.polling import Intake
from leadboost.actors.scout.scout import Scout

__all__ = ["Intake", "Scout"]
