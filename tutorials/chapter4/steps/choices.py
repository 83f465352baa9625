"""What settings that several steps have may be."""

from typing import Annotated, Literal

from deepdive.engine.lab import Range

Type = Literal["float32", "float16", "bfloat16"]  # of numbers
Rank = Annotated[int, Range(1, 256)]
Rate = Annotated[float, Range(1e-6, 1e-1)]
Epochs = Annotated[float, Range(0.01, 50.0)]
Batch = Annotated[int, Range(1, 64)]
Length = Annotated[int, Range(32, 4096)]
NewTokens = Annotated[int, Range(1, 500)]
Recipe = Literal["usual", "paged"]  # of RECIPES, in training.py
