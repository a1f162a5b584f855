"""X's recent search, paid by the post, within a hard daily cap."""

from leadboost.connectors.x.access import XAccess
from leadboost.connectors.x.source import XSource

__all__ = ["XAccess", "XSource"]
