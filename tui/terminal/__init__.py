"""The terminal that the interface stands in: its answers, its clipboard, its colours, what the learner chose."""
