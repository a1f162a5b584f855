"""Enterprise: keeps stock and sales, many changes to a transaction."""

from leadboost.actors.enterprise.enterprise import Enterprise

__all__ = ["Enterprise"]
