"""The live link's data: frames encoded once, and what a viewer reads by cursors.

A viewer is two numbers: the offset of the last event it got (``ring``, or ``page`` for what is older)
and the version of the last state it got (``board``). Viewers at the same place get the same bytes.
"""
