"""Chapter 3's learning curves two ways, with the same seeds and the same order of examples: as the lesson's step does
it (one load, the weights copied back, texts encoded once, batches padded to their longest, evaluation in large
batches), and the way of the source (model and tokenizer loaded again for each size, every text padded to the limit,
evaluation in batches of 4 in the order given, building gradients)."""

from __future__ import annotations

import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from .table import Row

Accuracies = dict[tuple[str, int], float]


def _steps() -> tuple[Any, Any]:
    from deepdive.engine.lessons.catalogue import load
    from deepdive.engine.work.process import load_steps

    tutorial = load().get("chapter3-fewshot")
    assert tutorial is not None
    return tutorial, load_steps(tutorial.folder)


def _lab(tutorial: Any, folder: Path, told: Accuracies) -> Any:
    from deepdive.engine.lab import Lab
    from deepdive.engine.lessons.catalogue import pocket
    from deepdive.engine.places.places import parse
    from deepdive.engine.places.resolver import Resolver

    def report(kind: str, fields: dict[str, Any]) -> None:
        if kind == "figure" and fields["name"] == "accuracy":
            told[fields["case"]["method"], fields["case"]["k"]] = fields["value"]

    places = {role: parse(role, table) for role, table in tutorial.scales["pocket"].roles.items()}
    resource = Resolver(places, pocket(), report, lambda: None)
    return Lab(folder, 0, "cpu", resource, report, lambda lab, phase: "")


def ours(tutorial: Any, steps: Any, folder: Path) -> tuple[float, Accuracies]:
    told: Accuracies = {}
    lab = _lab(tutorial, folder, told)
    settings = tutorial.defaults(tutorial.step("learning_curves"), "pocket")
    began = time.perf_counter()
    steps.learning_curves(lab, **settings)
    return time.perf_counter() - began, told


def sources(tutorial: Any, steps: Any, folder: Path) -> tuple[float, Accuracies]:
    import torch
    from transformers import set_seed

    found: Accuracies = {}
    lab = _lab(tutorial, folder, {})
    settings = tutorial.defaults(tutorial.step("learning_curves"), "pocket")
    plans = steps.tuning.recipes(settings["head_rate"], settings["prompt_rate"])
    began = time.perf_counter()
    for k in settings["sizes"]:
        for name in plans:
            train, test = steps.reviews.reviews(lab)
            sides = steps.reviews.balanced(lab, train, settings["sizes"])
            way = _fresh(steps, lab, name, settings)
            set_seed(lab.seed)
            if name == "head":
                way.draw(lab.seed + 1000 * k)
            few = [row for side in sides for row in side[:k]]
            labels = [[row["label"]] for row in few]
            steps.tuning.fit(lab, way, way.encode(few), labels, plans[name], plans[name].updates(len(few)), name)
            ids, right = way.encode(test), 0
            for at in range(0, len(ids), 4):
                said = way.scores(ids[at : at + 4]).argmax(-1)
                right += int((said == torch.tensor([row["label"] for row in islice(test, at, at + 4)])).sum())
            found[name, k] = right / len(ids)
    return time.perf_counter() - began, found


def _fresh(steps: Any, lab: Any, name: str, settings: dict[str, Any]) -> Any:
    """Loaded from disk, and what it reads is padded to as many tokens as it has positions."""
    from transformers import AutoModelForSequenceClassification

    if name == "head":
        way = steps.ways.fresh_head(lab, "encoder", AutoModelForSequenceClassification, 2)
    else:
        way = steps.reviews.verdict(lab, "encoder", settings["template"], settings["label_words"])
    limit = way.model.config.max_position_embeddings
    pad, mask = way.tokenizer.pad_token_id, way.tokenizer.mask_token_id

    def scores(ids: list[list[int]]) -> Any:
        import torch

        padded = torch.tensor([row + [pad] * (limit - len(row)) for row in ids])
        logits = way.model(input_ids=padded, attention_mask=(padded != pad).long()).logits
        return logits if name == "head" else way.verbalizer.scores(logits[padded == mask])

    way.scores = scores
    return way


def rows() -> list[Row]:
    tutorial, steps = _steps()
    with tempfile.TemporaryDirectory() as folder:
        ours(tutorial, steps, Path(folder))  # warm-up
        fast, mine = ours(tutorial, steps, Path(folder))
        slow, theirs = sources(tutorial, steps, Path(folder))
    apart = max(abs(mine[point] - theirs[point]) for point in theirs)
    return [
        Row("learning curves against the source's own way", f"{slow / fast:.1f} x", "3 x", slow >= 3 * fast),
        Row("  largest difference of an accuracy", f"{apart:.4f}", "0.005", apart <= 0.005),
        Row("  ours, theirs", f"{fast:.1f} s, {slow:.1f} s", "reported"),
    ]
