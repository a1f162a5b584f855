"""Alerter: sees to it that somebody hears of what matters."""

from leadboost.actors.alerter.alerter import Alerter

__all__ = ["Alerter"]
