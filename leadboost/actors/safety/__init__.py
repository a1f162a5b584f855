"""The rules: ``engine.py`` is the actor, ``watch.py`` gathers what rules look at, ``rulebook.py`` knows the
rules in force, ``looks.py`` what became of each look, ``told.py`` its private messages."""

from leadboost.actors.safety.engine import SafetyEngine

__all__ = ["SafetyEngine"]
