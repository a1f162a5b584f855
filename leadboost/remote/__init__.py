"""The commands' side of the HTTP API: a client of the daemon, and files sent through it.

A command reaches data in one way only, through the API: of the daemon that runs on the data folder, or
of one that the command starts in its own process.
"""
