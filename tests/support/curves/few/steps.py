from typing import Annotated
from deepdive.engine.lab import Kind, Lab, Range, Slots, probe, step


@step
def learning_curves(
    lab: Lab,
    template: Annotated[str, Slots(["text", "mask"], required=["mask"])] = "{text} it was {mask} .",
    label_words: dict[str, list[str]] = {"positive": ["great"], "negative": ["terrible"]},
    sizes: Annotated[list[int], Range(0, 512)] = [0, 8, 16, 32, 64, 128],
    learning_rate: Annotated[float, Range(1e-6, 1e-2)] = 1e-4,
):
    """Both methods at every size."""
    for k in sizes:
        few = balanced_sample(train, k, seed=lab.seed)
        for method in ("prompt", "head"):
            model = fresh(method)
            fit(model, few, learning_rate)
            right = score(model, test)
            lab.measure("accuracy", right, n=400, method=method, k=k)


@step
def balance(lab: Lab):
    """Share of no."""
    lab.measure("share of no", 0.5)


@probe
def try_template(lab: Lab, review: str = "a joy to watch", template: str = "{text} it was {mask} ."):
    """What stands in the gap"""
    lab.plot("fills the mask", "bars", {"great": 0.5})
