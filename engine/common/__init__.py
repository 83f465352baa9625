"""What everybody may use."""
