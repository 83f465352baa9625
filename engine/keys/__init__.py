"""Where a secret lies."""
