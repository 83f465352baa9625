"""The tables in which a learner can count: what comes in which container, and what an outing is good for."""

from __future__ import annotations

CONTAINERS: dict[str, dict[str, float]] = {
    "chocolates": {"box": 0.55, "bag": 0.25, "bowl": 0.12, "jar": 0.08},
    "soup": {"bowl": 0.65, "pot": 0.20, "cup": 0.15},
    "jam": {"jar": 0.80, "pot": 0.15, "tin": 0.05},
    "honey": {"jar": 0.75, "pot": 0.25},
    "nails": {"bag": 0.45, "box": 0.40, "jar": 0.10, "tin": 0.05},
    "tea": {"cup": 0.60, "pot": 0.30, "tin": 0.10},
    "coffee": {"cup": 0.70, "tin": 0.20, "pot": 0.10},
    "biscuits": {"tin": 0.50, "box": 0.30, "bag": 0.15, "jar": 0.05},
    "apples": {"basket": 0.45, "bag": 0.35, "bowl": 0.15, "box": 0.05},
    "cherries": {"bowl": 0.50, "basket": 0.30, "bag": 0.20},
    "eggs": {"basket": 0.50, "box": 0.35, "bowl": 0.15},
    "flour": {"bag": 0.80, "jar": 0.15, "tin": 0.05},
    "buttons": {"tin": 0.40, "jar": 0.30, "box": 0.20, "bag": 0.10},
    "paint": {"tin": 0.70, "pot": 0.30},
}
"""P(container | content), the same in every sentence."""

LIFE: dict[str, float] = {"chocolates": 0.50, "cherries": 0.15, "tea": 0.15, "honey": 0.10, "apples": 0.10}
"""P(content) in "life is like a ... of ..."."""

LIFE_ALONE: dict[str, float] = {
    "river": 0.24, "journey": 0.20, "garden": 0.18, "game": 0.14, "dance": 0.12, "book": 0.08, "box": 0.04
}  # fmt: skip
"""P(noun) in "life is like a ...", when nothing follows."""

FOOD = ("chocolates", "soup", "jam", "honey", "tea", "coffee", "biscuits", "apples", "cherries", "eggs")

GIFTS = ("chocolates", "jam", "honey", "biscuits", "apples", "cherries")

OUTINGS: dict[str, tuple[str, dict[str, float]]] = {
    "swimming": ("at the beach", {"cool down on a hot day": 0.5, "stay fit": 0.3, "meet old friends": 0.2}),
    "walking": ("in the woods", {"get some fresh air": 0.6, "stay fit": 0.25, "clear the head": 0.15}),
    "reading": ("in the library", {"spend a rainy afternoon": 0.6, "learn something new": 0.4}),
    "cooking": ("at home", {"save money": 0.5, "spend time with the family": 0.3, "learn something new": 0.2}),
    "dancing": ("in the town hall", {"meet new people": 0.6, "stay fit": 0.25, "forget a bad day": 0.15}),
    "fishing": ("at the lake", {"spend a quiet morning": 0.7, "clear the head": 0.3}),
    "running": ("in the park", {"stay fit": 0.6, "start the day": 0.4}),
    "singing": ("in the choir", {"meet new people": 0.5, "forget a bad day": 0.3, "learn something new": 0.2}),
    "painting": ("by the river", {"spend a quiet morning": 0.5, "rest the eyes": 0.3, "learn something new": 0.2}),
    "cycling": ("along the canal", {"get some fresh air": 0.5, "stay fit": 0.3, "see the valley": 0.2}),
}
"""Where each is done, and P(purpose | activity)."""

PRAISE: dict[str, float] = {"great": 0.5, "good": 0.3, "lovely": 0.15, "cheap": 0.05}
"""P(adjective) in "... is a ... way to ..."."""

OPINIONS: dict[str, float] = {"fun": 0.5, "healthy": 0.3, "not for everybody": 0.2}
"""P(opinion) in "swimming at the beach is ..."; one outing in four is spoken of in this way."""
