"""What the learner types."""
