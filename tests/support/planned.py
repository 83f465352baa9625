"""A tutorial with configurations to fit, and shapes that were not counted: for tests of what is made of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from deepdive.engine.common.faults import Fault
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.machine.estimate import Growth, Rehearsal, Shape
from deepdive.engine.machine.shapes import Reply, Request

TOYS = Path(__file__).parent / "toys"

STEP = '''

@step
def tune(
    lab: Lab,
    role: Literal["small", "large"] = "large",
    method: Literal["full", "LoRA", "LoRA on 8 bits", "QLoRA"] = "full",
    rank: Annotated[int, Range(1, 64)] = 8,
    targets: str = "q_proj v_proj",
    batch: Annotated[int, Range(1, 64)] = 2,
    length: Annotated[int, Range(8, 4096)] = 1024,
    optimizer: Literal["adamw_torch", "paged_adamw_32bit"] = "adamw_torch",
    checkpointing: bool = False,
):
    """Tune a model with three updates of random tokens."""
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Trainer, TrainingArguments

    four_bits = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4") if method == "QLoRA" else None
    model = AutoModelForCausalLM.from_pretrained(lab.model(role), quantization_config=four_bits, dtype=torch.float32)
    if four_bits:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if method != "full":
        model = get_peft_model(model, LoraConfig(r=rank, target_modules=targets.split(), lora_dropout=0.05))
    rows = [{"input_ids": row, "labels": row} for row in torch.randint(0, 100, (3 * batch, length))]
    arguments = TrainingArguments(
        output_dir=lab.folder / "checkpoints",
        max_steps=3,
        per_device_train_batch_size=batch,
        optim=optimizer,
        gradient_checkpointing=checkpointing,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = Trainer(model, arguments, train_dataset=rows)
    lab.follow(trainer)
    trainer.train()
'''

TABLES = """
[[step]]
id = "full"
run = "tune"
set = { method = "full" }
expect = "memory"
optional = true

[[step]]
id = "adapters"
run = "tune"
set = { method = "QLoRA" }
optional = true

[[step]]
id = "thin"
run = "tune"
set = { method = "LoRA" }
optional = true

[[step]]
id = "tight"
run = "train"
expect = "memory"
optional = true

[scales.book.roles]
small = { hub = "distilbert/distilgpt2" }
large = { hub = "meta-llama/Llama-2-7b-hf" }
[scales.book.full]
batch = 4

[[fit]]
name = "Llama, full"
step = "full"
scales = ["book"]

[[fit]]
name = "Llama, QLoRA"
step = "adapters"
scales = ["book"]
checkpointing = true

[[fit]]
name = "Distil"
scales = ["book"]
role = "small"
length = 512

[architecture."meta-llama/Llama-2-7b-hf"]
architectures = ["LlamaForCausalLM"]
model_type = "llama"

[[fit]]
name = "pocket, full"
step = "full"
scales = ["pocket"]

[[fit]]
name = "pocket, LoRA"
step = "thin"
scales = ["pocket"]

[scales.pocket.roles]
articles = { pocket = "data/articles.jsonl", split = "train" }
small = { pocket = "models/gpt2" }
[scales.pocket.full]
role = "small"
length = 64
[scales.pocket.thin]
role = "small"
length = 64
targets = "c_attn"
"""


def tutorial_in(folder: Path) -> Tutorial:
    """The toy tutorial with three configurations at the scale book, and two at pocket that can be run."""
    toy = folder / "planned"
    shutil.copytree(TOYS / "toy", toy)
    (toy / "steps.py").write_text((toy / "steps.py").read_text() + STEP)
    text = (toy / "tutorial.toml").read_text().replace('id = "toy"', 'id = "planned"', 1)
    roles = '[scales.pocket.roles]\narticles = { pocket = "data/articles.jsonl", split = "train" }\n'
    assert roles in text
    (toy / "tutorial.toml").write_text(text.replace(roles, "") + TABLES)
    return catalogue.read(toy)


def _passes(token: float) -> Rehearsal:
    return Rehearsal(Growth(token=token), Growth(token=1.1 * token))


FULL = Shape("Llama", 6_738_415_616, 0, (), 0, ((6_738_415_616, 1),), _passes(11e6), _passes(7e5))
ADAPTED = Shape(
    *("Llama", 6_738_415_616, 0, ((4096, 4096, 128), (11008, 4096, 64), (4096, 11008, 32))),
    *(4_194_304, ((32_768, 128),), _passes(9e6), _passes(7e5)),
)
SMALL = Shape("GPT2", 81_912_576, 0, (), 0, ((81_912_576, 1),), _passes(7.7e5), _passes(2e5))


class Counted:
    """Stands in for the child process; keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.fault: Fault | None = None

    def __call__(self, requests: Sequence[Request]) -> list[Reply]:
        self.asked += requests
        if self.fault is not None:
            raise self.fault
        return [Reply(self._shape(request), "the hub's config.json") for request in requests]

    def _shape(self, request: Request) -> Shape:
        if "distil" in request.hub:
            return SMALL
        return FULL if request.method == "full" else ADAPTED
