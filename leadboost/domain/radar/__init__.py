"""The radar's judgement, pure and synchronous: what a signal is, if it is worth hearing, whose copy it is.

``fold`` and ``words`` turn a batch of texts into arrays once; ``language``, ``blocked``, ``spam``, ``topics``
and ``minhash`` read these; ``cleaning`` puts their findings together; ``clusters`` joins copies.
"""
