"""Throttle: lowers daily budgets where a rule says so, before stock or money are gone.

It can never raise one: no call of its platforms can. Each cut is aimed at once, from what the platform says
then, so sending it again lowers nothing further; it counts when a read of its own shows it. A firing that is
lost with the process is made good by the rule's next one.
"""

from leadboost.actors.throttle.throttle import Throttle

__all__ = ["Throttle"]
