"""The return-on-investment model: pure, deterministic, no clock.

The target is y = log((revenue + c) / (spend + c)), c = 0.01 of the currency unit. Every forecast is
a sum of effects over named features (``features``), so its explanation adds up by construction.
Two regressors of different memory (``linear``) learn the same features and are mixed by how wrong
each has lately been (``mixture``). ``calibration`` turns recent errors into intervals, ``prior``
answers until enough was learned, ``learner`` scores each row before learning it, ``model`` is the
immutable snapshot that serves, ``artefact`` stores all of it without code.
"""
