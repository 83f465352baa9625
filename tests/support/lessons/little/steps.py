from typing import Annotated, Literal
from deepdive.engine.lab import Lab, Range, probe, step


@step
def fill_the_gap(lab: Lab, sentence: str = "Life is like a [MASK] of chocolates.", top_k: Annotated[int, Range(1, 20)] = 5):
    """Fill the gap.

    sentence: what BERT reads; [MASK] is the gap
    top_k: how many guesses are shown
    """
    tokenizer = AutoTokenizer.from_pretrained(lab.model("masked_lm"))
    model = AutoModelForMaskedLM.from_pretrained(lab.model("masked_lm"))
    inputs = tokenizer(sentence, return_tensors="pt")
    with torch.no_grad():
        logits = model(**inputs).logits                  # (1, tokens, vocabulary)
    gap = inputs.input_ids == tokenizer.mask_token_id
    probability, token = logits[gap][0].softmax(-1).topk(top_k)
    lab.plot("fits the gap", "bars", dict(zip(tokenizer.convert_ids_to_tokens(token), probability.tolist())))


@step
def articles(lab: Lab, seen: Annotated[int, Range(1, 500)] = 50):
    """Articles."""
    lab.rows("articles", [])


@step
def blocks(lab: Lab, length: Annotated[int, Range(16, 1024)] = 128):
    """Blocks of 128."""
    lab.rows("blocks", [])


@step
def pretrain(
    lab: Lab,
    updates: Annotated[int, Range(50, 5000)] = 3500,
    learning_rate: Annotated[float, Range(1e-5, 1e-1)] = 1e-3,
    batch: Annotated[int, Range(1, 64)] = 16,
    dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
):
    """Fifty articles by heart."""
    model = GPT2LMHeadModel(config)          # random weights
    trainer = Trainer(model, arguments, collate,
        train_dataset=seen, eval_dataset=unseen)
    lab.follow(trainer, sample=prompt)
    trainer.train()
    lab.save("memoriser", model, tokenizer)


@probe
def complete(lab: Lab, prompt: str = "the river town of orla", tokens: Annotated[int, Range(1, 64)] = 16):
    """Let the model go on from your words.

    prompt: what stands before
    tokens: how many are written
    """
    lab.text("x")
