"""A step that uses another tutorial's artifact."""

from deepdive.engine.lab import Lab, step


@step
def count(lab: Lab):
    """Count the rows that another tutorial made."""
    lab.measure("rows", len(lab.read("numbers")))
