"""Hearing: what a signal says, as bounded numbers."""
