"""One question in many wordings, and a prompt that no human wrote.

Every function named here is one experiment. Its parameters are the
settings on the page, its defaults the book's values.
"""
# ruff: noqa: F401, I001 - named in the order of the lesson

from .asking import ask_t5, zero_shot, workshop
from .curves import template_curves, ten_templates, shortcut
from .soft import soft_prompt
from .regimes import four_regimes
from .native import native_prompt
from .probes import own_template, answer
