"""Chapter 3's models and data sets for the loopback hub: their real ids, files, columns and types, small and random.

The rows are the pocket world's, written as the real ones are. `tiny_bert` and `tiny_t5` make a checkpoint whose
vocabulary knows any texts: the tests on real rows use them too.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from math import log
from pathlib import Path
from typing import Any

POCKET = Path(__file__).parents[3] / "tutorials" / "pocket" / "data"
SOURCES = tuple(sorted(POCKET.glob("*-*.jsonl")))

BERT_CASED = "google-bert/bert-base-cased"
T5 = "google-t5/t5-base"
GLUE, CONLL, SUPER_GLUE = "nyu-mll/glue", "lhoestq/conll2003", "aps/super_glue"

# Tokens at their real places in the vocabularies: those of the book's sentence about Feyenoord, and the label words.
CASED_IDS = {
    "[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, "-": 118, "was": 1108, "also": 1145,
    "named": 1417, "Paul": 1795, "##no": 2728, "Jean": 2893, "van": 3498, "##ye": 4980, "##ord": 6944, "##tel": 7854,
    "midfielder": 8852, "Fe": 11907, "Gas": 12384,
}  # fmt: skip
CASED_WORDS = (
    "to make his debut in the 18 man squad . terrible great bad good it is we left non person organization location "
    "other entity a an"
)
T5_IDS = {
    "<pad>": 0, "</s>": 1, "<unk>": 2, "▁": 3, "s": 7, "e": 15, "▁no": 150, "▁No": 465, "▁Yes": 2163, "▁yes": 4273,
    "▁Fal": 10747, "▁True": 10998, **{f"<extra_id_{number}>": 32_099 - number for number in range(100)},
}  # fmt: skip
RARE = -1e4  # the score of a piece that no text is cut into

NER = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
POS = [
    '"', "''", "#", "$", "(", ")", ",", ".", ":", "``", "CC", "CD", "DT", "EX", "FW", "IN", "JJ", "JJR", "JJS", "LS",
    "MD", "NN", "NNP", "NNPS", "NNS", "NN|SYM", "PDT", "POS", "PRP", "PRP$", "RB", "RBR", "RBS", "RP", "SYM", "TO",
    "UH", "VB", "VBD", "VBG", "VBN", "VBP", "VBZ", "WDT", "WP", "WP$", "WRB",
]  # fmt: skip
PHRASES = ["ADJP", "ADVP", "CONJP", "INTJ", "LST", "NP", "PP", "PRT", "SBAR", "UCP", "VP"]
CHUNKS = ["O", *(f"{begins}-{phrase}" for phrase in PHRASES for begins in "BI")]

Rows = dict[str, list[dict[str, Any]]]  # by split


def build(models: Path, data: Path) -> None:
    sentiment, entities, questions = reviews(), news(), boolq()
    write_splits(data / GLUE, "sst2", sentiment, label=["negative", "positive"])
    write_splits(data / CONLL, "", entities)
    write_splits(data / SUPER_GLUE, "boolq", questions, label=["False", "True"])
    spoken = [row["sentence"] for row in sentiment["train"]]
    spoken += [" ".join(row["tokens"]) for row in entities["train"]]
    tiny_bert(models / BERT_CASED, spoken)
    tiny_t5(models / T5, [f"{row['passage']} {row['question']}" for row in questions["train"]])


# ---- rows ------------------------------------------------------------------------------------------------------------


def reviews() -> Rows:
    """SST-2: lower case, punctuation apart, a blank at the end; the labels of the test split are kept back."""
    made: Rows = {}
    for split, count in (("train", 500), ("validation", 120), ("test", 10)):
        made[split] = [
            {"sentence": _lowered(row["sentence"]), "label": -1 if split == "test" else row["label"], "idx": number}
            for number, row in enumerate(_pocket("reviews", split, count))
        ]
    return made


def news() -> Rows:
    """CoNLL-2003, with one sentence that is longer than 128 pieces in each split."""
    made: Rows = {}
    for split, count in (("train", 160), ("validation", 60), ("test", 10)):
        rows = _pocket("entities", split, count)
        rows[count // 2] = {key: rows[count // 2][key] * 8 for key in ("tokens", "ner_tags")}
        made[split] = [
            {
                "id": str(number),
                "tokens": row["tokens"],
                "pos_tags": [POS.index("NN")] * len(row["tokens"]),
                "chunk_tags": [CHUNKS.index("B-NP")] * len(row["tokens"]),
                "ner_tags": row["ner_tags"],
            }
            for number, row in enumerate(rows)
        ]
    return made


def boolq() -> Rows:
    """SuperGLUE's BoolQ: a title before each passage; every tenth passage is longer than 399 pieces."""
    made: Rows = {}
    for split, count in (("train", 240), ("validation", 200), ("test", 10)):
        made[split] = [
            {
                "question": row["question"],
                "passage": f"Village news -- {row['passage'] + '.'} " * (1 if number % 10 else 60),
                "idx": number,
                "label": -1 if split == "test" else row["label"],
            }
            for number, row in enumerate(_pocket("questions", split, count))
        ]
    return made


def _pocket(name: str, split: str, count: int) -> list[dict[str, Any]]:
    file = POCKET / f"{name}-{'train' if split == 'train' else 'validation'}.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return random.Random(split).sample(rows, count)


def _lowered(sentence: str) -> str:
    for mark in ",.":
        sentence = sentence.replace(mark, f" {mark} ")
    return " ".join(sentence.lower().split()) + " "


# ---- data sets -------------------------------------------------------------------------------------------------------


def write_splits(folder: Path, config: str, splits: Rows, label: list[str] | None = None) -> None:
    """Parquet below the folder of its configuration, as the hub's repositories keep it, with the real types.

    CoNLL-2003 has no card but the older dataset_infos.json, which names the counts that `load_dataset` checks."""
    from datasets import ClassLabel, Dataset, Features, List, Value

    tags = {"pos_tags": POS, "chunk_tags": CHUNKS, "ner_tags": NER}
    features = Features(
        {
            name: ClassLabel(names=label)
            if name == "label"
            else List(ClassLabel(names=tags[name]))
            if name in tags
            else List(Value("string"))
            if name == "tokens"
            else Value("int32" if name == "idx" else "string")
            for name in splits["train"][0]
        }
    )
    place = config or "data"
    (folder / place).mkdir(parents=True)
    for split, rows in splits.items():
        table = Dataset.from_list(rows, features=features)
        table.to_parquet(folder / place / f"{split}-00000-of-00001.parquet")
    if config:
        files = "".join(f"  - split: {split}\n    path: {config}/{split}-*\n" for split in splits)
        card = f"---\nconfigs:\n- config_name: {config}\n  data_files:\n{files}---\n# Rows of our own making\n"
        (folder / "README.md").write_text(card)
    else:
        counts = {split: {"name": split, "num_examples": len(rows)} for split, rows in splits.items()}
        about = {"features": features.to_dict(), "splits": counts}
        (folder / "dataset_infos.json").write_text(json.dumps({folder.parent.name + "--" + folder.name: about}))


# ---- models ----------------------------------------------------------------------------------------------------------


def tiny_bert(folder: Path, texts: Iterable[str], hidden: int = 32) -> Path:
    """A random BERT with bert-base-cased's tokenizer class, size of vocabulary and places; it knows these texts."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import BertConfig, BertForPreTraining, BertTokenizer

    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    learner.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=3000, show_progress=False))
    learnt = sorted(learner.get_vocab(), key=learner.get_vocab().__getitem__)
    vocabulary = placed(CASED_IDS, [*CASED_WORDS.split(), *learnt], size=28_996, filler="[unused{}]", first_free=1200)
    BertTokenizer(vocab=vocabulary, do_lower_case=False, model_max_length=512).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=28_996, hidden_size=hidden, num_hidden_layers=2, num_attention_heads=2, intermediate_size=2 * hidden
    )
    BertForPreTraining(config).save_pretrained(folder)
    return folder


def tiny_t5(folder: Path, texts: Iterable[str], width: int = 32) -> Path:
    """A random T5 with t5-base's tokenizer class, sentinels, size of vocabulary and label words' places."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    counted = Counter("▁" + word for text in texts for word in re.findall(r"[A-Za-z]+", text))
    scores = {word: log(times / counted.total()) for word, times in counted.most_common(8000)}
    letters = [chr(code) for code in range(33, 127)]
    vocabulary = placed(T5_IDS, [*scores, *letters], size=32_100, filler="<unused{}>", first_free=200)
    words = dict.fromkeys(T5_IDS, -9.0) | dict.fromkeys(letters, -12.0) | scores
    pieces = [(token, words.get(token, RARE)) for token in vocabulary]
    T5Tokenizer(vocab=pieces, extra_ids=100, model_max_length=512).save_pretrained(folder)
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=32_128, d_model=width, d_kv=width // 2, d_ff=2 * width, num_layers=2, num_heads=2,
        decoder_start_token_id=0,
    )  # fmt: skip
    T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def placed(fixed: dict[str, int], others: Iterable[str], size: int, filler: str, first_free: int) -> dict[str, int]:
    """A vocabulary of `size`: `fixed` tokens at their places, the others from `first_free` on, fillers in all gaps."""
    vocabulary = dict(fixed)
    taken = set(fixed.values())
    free = (index for index in range(first_free, size) if index not in taken)
    for token in others:
        if token not in vocabulary:
            vocabulary[token] = next(free)
    used = set(vocabulary.values())
    vocabulary.update((filler.format(index), index) for index in range(size) if index not in used)
    return dict(sorted(vocabulary.items(), key=lambda item: item[1]))
