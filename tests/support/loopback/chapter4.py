"""Chapter 4's two models for the loopback hub, small and random, and support calls in the form of the book's files.

A call lies in two places, as TweetSumm's do: `annotations` have tweet ids, offsets and summaries, `tweets` is the table
on Kaggle that has the texts.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.loopback.chapter3 import placed

DISTIL = "distilbert/distilgpt2"
LLAMA = "meta-llama/Llama-2-7b-hf"  # gated
COLUMNS = ["tweet_id", "author_id", "inbound", "created_at", "text", "response_tweet_id", "in_response_to_tweet_id"]
SUMMARIES = {"train": (2, 1, 3, 0, 2, 1), "validation": (1, 2), "test": (2, 1, 1, 3, 1)}  # of each call

FIRST_ID = 100_000_000  # above those of the real files

THINGS = ["phone", "router", "parcel", "ticket", "kettle"]
FAULTS = ["is broken", "never arrived", "is far too loud", "was charged twice"]
ADVICE = ["restart the app", "send us your order number", "call the shop", "wait for two days"]

Tweet = tuple[str, bool, list[list[int]]]  # text, by the customer, offsets of its sentences


# ---- calls -----------------------------------------------------------------------------------------------------------


def turns(number: int) -> list[Tweet]:
    """What is said in a call: links, mentions, an emoji, a line break and a comma as tweets have them."""
    thing, fault, advice = _facts(number)
    said = [
        ([f"@115{number:03} Hello, my {thing} {fault}!", "What can I do? https://t.co/abc"], True),
        ([f"@{700 + number} Sorry to hear that 😟", "@ada will\nhelp you, https://t.co/x https://t.co/y"], False),
        (["@shop Thank you &amp; please hurry."], True),
        ([f"@{700 + number} Please {advice}.", "^AB"], False),
    ]
    return [(" ".join(sentences), inbound, _offsets(sentences)) for sentences, inbound in said]


def conversation(number: int) -> str:
    """The call as the lesson puts it together."""
    thing, fault, advice = _facts(number)
    return (
        f"Customer: Hello, my {thing} {fault}! What can I do? \n "
        "Agent: Sorry to hear that 😟 @ada will help you, \n "
        "Customer: Thank you &amp; please hurry. \n "
        f"Agent: Please {advice}. ^AB \n "
    )


def _facts(number: int) -> tuple[str, str, str]:
    return THINGS[number % len(THINGS)], FAULTS[number % len(FAULTS)], ADVICE[number // 2 % len(ADVICE)]


def _offsets(sentences: list[str]) -> list[list[int]]:
    found, start = [], 0
    for sentence in sentences:
        found.append([start, start + len(sentence)])
        start += len(sentence) + 1
    return found


def summary(number: int, way: int) -> list[str]:
    """The two sentences of one annotator."""
    thing, fault, advice = _facts(number)
    says = ["is complaining that", "says that", "reports that"][way]
    return [f"Customer {says} the {thing} {fault}.", f"Agent asks the customer to {advice}."]


def annotations(split: str) -> str:
    """A file of `guyfe/Tweetsumm`, JSON lines."""
    return "".join(json.dumps(_annotated(number, count)) + "\n" for number, count in calls(split))


def calls(split: str) -> list[tuple[int, int]]:
    """Numbers of the calls, and how many summaries each has."""
    first = 100 * list(SUMMARIES).index(split)
    return list(enumerate(SUMMARIES[split], first))


def _annotated(number: int, count: int) -> dict[str, Any]:
    ids = [FIRST_ID + 10 * number + n for n in range(4)]
    said = zip(ids, turns(number), strict=True)
    bare: dict[str, Any] = {"extractive": [{"tweet_id": ids[0], "sentence_offset": "[0, 9]"}]}
    return {
        "conversation_id": f"call {number}",
        "tweet_ids_sentence_offset": [
            {"tweet_id": id, "sentence_offsets": [json.dumps(span) for span in spans]} for id, (_, _, spans) in said
        ],
        "annotations": [bare, *({**bare, "abstractive": summary(number, way)} for way in range(count))],
    }


def tweets(more: Iterable[tuple[int, bool, str]] = ()) -> str:
    """Kaggle's twcs.csv; `more` are (tweet id, by the customer, text)."""
    said = [
        (FIRST_ID + 10 * number + n, inbound, text)
        for split in SUMMARIES
        for number, _ in calls(split)
        for n, (text, inbound, _) in enumerate(turns(number))
    ]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for id, inbound, text in [*said, *more]:
        writer.writerow([id, "115712", inbound, "Tue Oct 31 22:10:47 +0000 2017", text, "", ""])
    return file.getvalue()


# ---- models ----------------------------------------------------------------------------------------------------------


def build(models: Path) -> None:
    spoken = [text for number in range(20) for text, _, _ in turns(number)]
    spoken += [sentence for number in range(20) for way in range(3) for sentence in summary(number, way)]
    spoken.append("Instruction: Read the following conversation between a customer and a customer service agent, and")
    _distil(models / DISTIL, spoken)
    _llama(models / LLAMA, spoken)


def _distil(folder: Path, texts: list[str]) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters = pre_tokenizers.ByteLevel.alphabet()
    learner.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=900, initial_alphabet=letters, show_progress=False)
    )
    vocabulary = placed({"<|endoftext|>": 50_256}, _in_order(learner), size=50_257, filler="<unused{}>", first_free=0)
    GPT2Tokenizer(vocab=vocabulary, merges=_merges(learner), model_max_length=1024).save_pretrained(folder)
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(n_embd=64, n_layer=2, n_head=2)).save_pretrained(folder)


def _llama(folder: Path, texts: list[str]) -> None:
    """16-bit weights in several files, untied, no token for padding; it says itself that it is to be sampled."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, LlamaTokenizer

    learner = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    learner.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    learner.train_from_iterator(
        [text.replace("\n", " ") for text in texts],
        trainers.BpeTrainer(vocab_size=900, special_tokens=special, show_progress=False),
    )
    vocabulary = placed({}, _in_order(learner), size=32_000, filler="<unused{}>", first_free=0)
    LlamaTokenizer(vocab=vocabulary, merges=_merges(learner)).save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=4096,
        pad_token_id=None,
    )
    model = LlamaForCausalLM(config).half()
    model.generation_config = GenerationConfig(
        bos_token_id=1, eos_token_id=2, pad_token_id=0, do_sample=True, temperature=0.6, top_p=0.9, max_length=4096
    )
    model.save_pretrained(folder, max_shard_size="5MB")


def _in_order(learner: Any) -> list[str]:
    known: dict[str, int] = learner.get_vocab()
    return sorted(known, key=known.__getitem__)


def _merges(learner: Any) -> list[tuple[str, str]]:
    return [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
