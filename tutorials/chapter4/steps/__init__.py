"""Tuning where memory is short: all weights, adapters, and adapters on
a base of 4 bits.

Every step is one experiment. Its parameters are the settings on the
page, its defaults the book's values.
"""

from .dialogues import conversations
from .full import tune_full
from .grading import grade
from .levels import four_bits
from .lora import merge, tune_lora
from .qlora import tune_qlora
from .writing import in_batches, summarise, untuned

__all__ = [
    "conversations",
    "four_bits",
    "grade",
    "in_batches",
    "merge",
    "summarise",
    "tune_full",
    "tune_lora",
    "tune_qlora",
    "untuned",
]
