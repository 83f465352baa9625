"""What models are made of, counted on their own classes from their configurations alone; in a process of its own.

`python -m deepdive.engine.machine.shapes` reads a list of requests from standard input and prints a list of replies.
torch, transformers and peft are imported there, never by who asks. Of a hub only config.json is
fetched (a few kilobytes).
"""

from __future__ import annotations

import contextlib
import copy
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from deepdive.engine.common import child
from deepdive.engine.common.digest import short_hash
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.folders import home
from deepdive.engine.machine.estimate import Growth, Rehearsal, Shape

SECONDS = 300.0
DEPTHS = (2, 3)  # layers are alike: two depths tell what each adds
DEEP = 4  # up to so many layers all are gone through


@dataclass(frozen=True)
class Request:
    """Which model, from where, trained how. `published` are the numbers to use where the hub does not tell."""

    folder: str = ""
    hub: str = ""
    revision: str = ""
    published: dict[str, Any] = field(default_factory=dict)
    method: str = "full"
    dtype: str = "float32"
    adapters: str = "float32"
    rank: int = 8
    targets: tuple[str, ...] = ()
    precision: str = "no"
    length: int = 512
    gpu: bool = True


@dataclass(frozen=True)
class Reply:
    """`source` says where the configuration is from; without a shape `cause` and `action` say why not."""

    shape: Shape | None = None
    source: str = ""
    cause: str = ""
    action: str = ""
    detail: str = ""


def shapes(requests: Sequence[Request]) -> list[Reply]:
    """A reply to each request, in order. Blocks for seconds; raises Fault."""
    try:
        reply = child.ask("machine.shapes", list(requests), list[Reply], SECONDS)
    except child.Silent:
        raise Fault(f"counting the models took longer than {SECONDS:g} s", "Try again on a quieter machine") from None
    if reply.told is None:
        raise Fault("the models could not be counted", "`deepdive doctor` says what works here", reply.errors[-800:])
    return reply.told


# ---- in the child -------------------------------------------------------------------------------------------------


def answer(request: Request, known: dict[str, tuple[dict[str, Any], str]]) -> Reply:
    """One reply; `known` keeps the configurations that were fetched."""
    key = f"{request.folder}\0{request.hub}\0{request.revision}"
    try:
        if key not in known:
            known[key] = configuration(request)
        numbers, source = known[key]
        return Reply(_counted(numbers, request), source)
    except Fault as fault:
        return Reply(cause=fault.cause, action=fault.action, detail=fault.detail)
    except Exception as error:  # noqa: BLE001 - other people's classes: whatever they raise concerns this row only
        name = request.hub or request.folder
        return Reply(
            cause=f"{name} can't be counted: {type(error).__name__}: {error}",
            action="Name a model whose class is in transformers",
        )


def configuration(request: Request) -> tuple[dict[str, Any], str]:
    """A model's config.json and where it is from. Raises Fault."""
    if request.folder:
        file = Path(request.folder) / "config.json"
        if not file.is_file():
            raise Fault(f"{request.folder} has no config.json", "Name the folder that `save_pretrained` wrote")
        return json.loads(file.read_text(encoding="utf-8")), "its config.json"
    from deepdive.engine.places.hub import fetch_config

    try:
        file = fetch_config(request.hub, request.revision, lambda: None)
        return json.loads(file.read_text(encoding="utf-8")), "the hub's config.json"
    except Fault as fault:
        if not request.published:
            raise
        return request.published, f"numbers in the tutorial: {fault.cause}"


def _counted(numbers: dict[str, Any], request: Request) -> Shape:
    """As `count`, kept for the next time: the same question to the same libraries has the same answer."""
    libraries = [f"{name} {version(name)}" for name in ("torch", "transformers", "peft")]
    sources = [
        file.read_text(encoding="utf-8") for file in map(Path(__file__).with_name, ("shapes.py", "rehearsal.py"))
    ]
    question = replace(request, folder="", hub="", revision="", published={})
    key = short_hash(json.dumps(numbers, sort_keys=True), repr(question), *libraries, *sources)
    file = home() / "shapes" / f"{key}.json"
    if file.is_file():
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.json.decode(file.read_bytes(), type=Shape)
    shape = count(numbers, request)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_bytes(msgspec.json.encode(shape))
    return shape


def count(numbers: dict[str, Any], request: Request) -> Shape:
    """The shape of the model that `numbers` (a config.json) describe."""
    import torch

    model, packed = _built(numbers, request)
    own = [parameter for name, parameter in model.named_parameters() if "lora_" not in name]
    adapters = [parameter for name, parameter in model.named_parameters() if "lora_" in name]
    trained = Counter(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    plain, checkpointed = (_rehearsal(numbers, request, checkpointing) for checkpointing in (False, True))
    base: torch.nn.Module = model.get_base_model() if adapters else model
    return Shape(
        model=type(base).__name__,
        parameters=sum(parameter.numel() for parameter in own),
        buffers=sum({id(b): b.numel() * b.element_size() for b in model.buffers()}.values()),
        quantised=tuple((rows, columns, many) for (rows, columns), many in sorted(packed.items())),
        adapters=sum(parameter.numel() for parameter in adapters),
        trained=tuple(sorted(trained.items())) if request.method != "use" else (),
        plain=plain,
        checkpointed=checkpointed if request.method != "use" else None,
    )


def _built(numbers: dict[str, Any], request: Request, depth: int = 0) -> tuple[Any, Counter[tuple[int, int]]]:
    """The model on the meta device, with adapters where the method has them, and the matrices that were packed."""
    import torch

    config = _config(numbers, depth)
    with torch.device("meta"):
        model = _class_of(config)._from_config(config, dtype=getattr(torch, request.dtype))
        packed = _pack(model, request.method) if request.method in ("8bit", "4bit") else Counter()
        if request.method in ("lora", "8bit", "4bit"):
            from peft import LoraConfig, get_peft_model

            targets = request.targets if len(request.targets) != 1 else request.targets[0]
            wanted = None if not targets else targets if targets == "all-linear" else list(request.targets)
            model = get_peft_model(model, LoraConfig(r=request.rank, target_modules=wanted, lora_dropout=0.05))
            for name, parameter in model.named_parameters():
                if "lora_" in name:
                    parameter.data = parameter.data.to(getattr(torch, request.adapters))
    return model, packed


def _config(numbers: dict[str, Any], depth: int = 0) -> Any:
    from transformers import AutoConfig

    told = copy.deepcopy(numbers)
    for name in ("quantization_config", "auto_map", "transformers_version"):
        told.pop(name, None)
    config = AutoConfig.for_model(told.pop("model_type"), **told)
    if depth:
        config.num_hidden_layers = depth
        if getattr(config, "layer_types", None):
            config.layer_types = config.layer_types[:depth]
    return config


def _class_of(config: Any) -> Any:
    import transformers

    for name in config.architectures or ():
        if hasattr(transformers, name):
            return getattr(transformers, name)
    return transformers.AutoModel


def _pack(model: Any, method: str) -> Counter[tuple[int, int]]:
    """Replace the matrices that transformers lets bitsandbytes pack; how many there are of each shape."""
    import torch
    from deepdive.engine.machine.rehearsal import Packed, Packed8
    from transformers.pytorch_utils import Conv1D
    from transformers.quantizers.base import get_keys_to_not_convert
    from transformers.quantizers.quantizers_utils import should_convert_module

    kind = Packed8 if method == "8bit" else Packed
    left = get_keys_to_not_convert(model)
    found: Counter[tuple[int, int]] = Counter()
    for name, module in list(model.named_modules()):
        if not should_convert_module(name, left):
            continue
        if isinstance(module, Conv1D):
            columns, rows = module.weight.shape
        elif type(module) is torch.nn.Linear:
            rows, columns = module.weight.shape
        else:
            continue
        packed = kind(columns, rows, bias=module.bias is not None, dtype=module.weight.dtype)
        model.set_submodule(name, packed.requires_grad_(False))
        found[rows, columns] += 1
    return found


def _rehearsal(numbers: dict[str, Any], request: Request, checkpointing: bool) -> Rehearsal:
    """Curves of what a pass keeps and of what is alive, over batch and length."""
    layers = int(getattr(_config(numbers), "num_hidden_layers", 0) or 0)
    alike = len(set(getattr(_config(numbers), "layer_types", None) or [""])) == 1
    depths = DEPTHS if layers > DEEP and alike else (0,)
    longest = getattr(_config(numbers), "max_position_embeddings", None) or request.length
    length = max(2, min(request.length, longest))
    points = ((1, length), (2, length), (2, length // 2))
    measured = [list(_passes(numbers, request, checkpointing, depth, points)) for depth in depths]
    if len(depths) == 1:
        whole = measured[0]
    else:
        whole = [_deeper(few, more, layers) for few, more in zip(*measured, strict=True)]
    kept, alive = (Growth.through(length, length // 2, *(point[at] for point in whole)) for at in (0, 1))
    return Rehearsal(kept, alive)


def _deeper(few: tuple[float, float], more: tuple[float, float], layers: int) -> tuple[float, float]:
    """From two depths to all layers."""
    low, high = DEPTHS
    kept, alive = (a + (b - a) / (high - low) * (layers - low) for a, b in zip(few, more, strict=True))
    return kept, alive


def _passes(
    numbers: dict[str, Any], request: Request, checkpointing: bool, depth: int, points: Sequence[tuple[int, int]]
) -> Iterator[tuple[float, float]]:
    from deepdive.engine.machine.rehearsal import rehearse

    model, _ = _built(numbers, request, depth)
    model.train()
    if checkpointing and model.supports_gradient_checkpointing:
        model.gradient_checkpointing_enable()
    for batch, length in points:
        yield rehearse(model, batch, length, request.precision, request.method != "use", request.gpu)


def main() -> int:
    requests = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Request])
    out, sys.stdout = sys.stdout, sys.stderr  # libraries greet on standard output
    known: dict[str, tuple[dict[str, Any], str]] = {}
    replies = [answer(request, known) for request in requests]
    out.buffer.write(msgspec.json.encode(replies))
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
