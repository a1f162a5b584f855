"""The protocol: one module per receiving actor, plus the events that travel on topics."""
