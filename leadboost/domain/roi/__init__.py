"""The return-on-investment model: pure, deterministic, no clock.

**Target.** y = log((revenue + c) / (spend + c)), c = 0.01 of the currency unit: ratios count alike in both
directions, and a spend without revenue stays finite. Forecasts are medians of y (absolute errors are what
is kept small); ``calibration`` turns recent errors into intervals and the mean.

**Weighting.** Rows count alike when new; each additive regressor forgets exponentially, by a factor per
row (a memory of about 500 rows, and one of about 5,000), and weighs a row by how little it surprised
(``linear``), so that one outlier hardly moves it.

**Members.** Every forecast is a sum of effects over named features (``features``), so its explanation
adds up by construction. Two additive regressors learn the same features row by row: levels of each part,
pairs of parts, and all parts at once, from the general to the particular, each the shrunken mean of what
the more general ones leave over: recency-weighted hierarchical group means (``linear``). A line goes
through the spend alone (``line``). Stochastic gradient descent on hashed features (``hashed``) has room for
any number of them. Boosted trees (``boosted``, fitted by ``fit`` in a worker process) see
their forecast, the group means, as an input and learn what it leaves over. ``mixture`` shares out the
say by how wrong each has lately been on rows it had not learned; what does not help gets none.

**What was heard** moves a forecast of log(1 + roi) by at most ``HEARD_CAP``, and is no
input of the trees or of the hashed features.

``prior`` answers until enough was learned and is never counted in errors. ``learner`` scores each row
before learning it (``score``); ``watch`` tells a changed world from a model gone bad; ``model`` is the
immutable snapshot that serves, ``artefact`` stores all of it without code.
"""
