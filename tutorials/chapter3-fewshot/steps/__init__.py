"""One encoder, two ways to give it a task: a fresh head on top, or a
blank to fill in its own words.

Every function named here is one experiment. Its parameters are the
settings on the page, its defaults the book's values.
"""
# ruff: noqa: F401, I001 - named in the order of the lesson

from .opinions import random_head, fill_the_blank, templates
from .curves import learning_curves
from .names import align, candidates
from .entities import entity_curves, equal_updates
from .probes import own_template, blank
