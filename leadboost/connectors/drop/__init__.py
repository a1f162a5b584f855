"""A folder into which other programs put files of signals."""

from leadboost.connectors.drop.source import DropSource

__all__ = ["DropSource"]
