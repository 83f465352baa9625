"""Where a model or data comes from."""
