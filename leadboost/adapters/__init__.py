"""Adapters made from the settings, for the daemon and for commands that do without it."""
