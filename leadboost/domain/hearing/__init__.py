"""Hearing: what a signal says, as bounded numbers, and what its source and topics have been saying.

``text`` reads a text alone. ``features`` adds what is known of the signal's source, topics and cluster
when it is processed (``statistics``); ``passage`` does so for one signal after the other, each before
it is counted itself, and ``influence`` bounds how much one author or one source can move what is
counted. What comes out is stored with the signal, once, under ``HEARD_VERSION``: learning and
forecasting both read it from there, averaged over the signals in question (``heard``).

Signals teach no returns: they move features, never a label.
"""
