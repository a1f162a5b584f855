"""The kill switch: ``manager.py`` is the actor, ``book.py`` what it knows of halts, ``accounts.py`` what
the ad platforms said last, ``told.py`` its private messages."""

from leadboost.actors.panic.manager import PanicManager

__all__ = ["PanicManager"]
