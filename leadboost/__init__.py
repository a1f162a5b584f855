"""LeadBoost: growth on autopilot that cannot oversell, cannot spend twice, and can always be stopped."""

__version__ = "0.2.0"
