"""Pure and synchronous: signals, outcomes, stock and the ROI model. No clock, no driver, no await."""
