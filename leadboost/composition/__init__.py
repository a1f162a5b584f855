"""The composition root: which adapters and actors make up the daemon; one module for each stage."""
