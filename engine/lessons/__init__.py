"""What a tutorial says."""
