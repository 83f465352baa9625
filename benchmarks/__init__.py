"""Side by side in one run: ours against a bare script doing the same work. Ratios count; times are this machine's."""
