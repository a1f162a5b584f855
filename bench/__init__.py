"""Benches: every figure is a ratio of ours and a reference, measured in alternating rounds of one run."""
