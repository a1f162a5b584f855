"""The source of the live link: ``bridge.py`` is the actor, ``reading.py`` reads the journal for viewers,
``delivery.py`` writes to them, ``greeting.py`` makes their first frame, ``told.py`` its private messages."""

from leadboost.actors.stream_bridge.bridge import StreamBridge

__all__ = ["StreamBridge"]
