"""A step that uses another tutorial's artifact."""

from deepdive.engine.lab import Lab, step


@step
def count(lab: Lab):
    """Count the rows that another tutorial made."""
    lab.measure("rows", len(lab.read("numbers")))


@step
def total(lab: Lab):
    """Add up the squares that another tutorial made of its numbers."""
    lab.measure("total", sum(row["square"] for row in lab.read("squares")))
