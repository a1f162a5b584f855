"""Systems of one's own that push signals, seen as sources: nobody polls them, but their pace is watched."""

from leadboost.connectors.push.source import PushSource

__all__ = ["PushSource"]
