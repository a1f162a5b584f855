"""What somebody has to hear of: alerts, what raises and ends them, and whom they go to."""
