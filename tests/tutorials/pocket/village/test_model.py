"""The shipped data and models of the village: what the recipe makes, loaded, small, and fit for their job."""

import pytest
from datasets import load_dataset
from deepdive.tutorials.pocket.build import DATA, MODELS, check
from deepdive.tutorials.pocket.making import tables
from deepdive.tutorials.pocket.making.check import LIMIT_BYTES
from deepdive.tutorials.pocket.making.vocabularies import VOCABULARY, train_bert, train_gpt2
from deepdive.tutorials.pocket.village.model import world_text
from deepdive.tutorials.pocket.village.sentences import sentences
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer


def test_data_loads_with_datasets(tmp_path):
    articles = load_dataset("json", data_files=str(DATA / "articles.jsonl"), split="train", cache_dir=str(tmp_path))
    lines = load_dataset("json", data_files=str(DATA / "sentences.jsonl.gz"), split="train", cache_dir=str(tmp_path))
    assert articles.column_names == ["id", "url", "title", "text", "facts", "echoes"]
    assert lines.column_names == ["text"]
    assert len(articles) >= 1_100
    assert len(lines) >= 20_000


def test_tokenizers_are_what_the_recipe_makes():
    lines = list(world_text())
    bert, bpe = train_bert(lines, 128), train_gpt2(lines, 128)
    for name, made in (("bert", bert), ("gpt2", bpe), ("gpt2-blank", bpe)):
        shipped = AutoTokenizer.from_pretrained(MODELS / name)
        assert shipped.get_vocab() == made.get_vocab(), name
        assert 0.9 * VOCABULARY <= len(shipped) <= VOCABULARY


def test_gpt2_tokenizer_gives_any_text_back():
    tokenizer = AutoTokenizer.from_pretrained(MODELS / "gpt2")
    for text in [*sentences(200, seed=5), "Ærøskøbing – 12 °C, “naïve” 日本"]:
        assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert tokenizer.eos_token == tokenizer.bos_token == "<|endoftext|>"


def test_bert_tokenizer_gives_the_words_back_in_lower_case():
    tokenizer = AutoTokenizer.from_pretrained(MODELS / "bert")
    for text in sentences(200, seed=5):
        ids = tokenizer(text).input_ids
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == text.lower().replace(" ", "")
    assert tokenizer.convert_ids_to_tokens(range(5)) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def test_words_with_known_probabilities_are_single_tokens():
    bert, gpt2 = (AutoTokenizer.from_pretrained(MODELS / name) for name in ("bert", "gpt2"))
    for word in {word for shares in tables.CONTAINERS.values() for word in shares} | set(tables.LIFE_ALONE):
        assert len(bert.tokenize(word)) == 1
        assert len(gpt2.tokenize(" " + word)) == 1


@pytest.mark.parametrize(("name", "kind"), [("gpt2", AutoModelForCausalLM), ("bert", AutoModelForMaskedLM)])
def test_checkpoints_load_and_are_small(name, kind):
    model = kind.from_pretrained(MODELS / name)
    assert 50_000 <= model.num_parameters() <= 1_400_000
    assert (MODELS / name / "model.safetensors").stat().st_size <= LIMIT_BYTES


def test_blank_model_has_an_architecture_and_no_weights():
    config = AutoConfig.from_pretrained(MODELS / "gpt2-blank")
    assert config.n_positions >= 128
    assert config.vocab_size == len(AutoTokenizer.from_pretrained(MODELS / "gpt2-blank"))
    assert not list((MODELS / "gpt2-blank").glob("*.safetensors"))


@pytest.mark.parametrize("part", ["data", "gpt2-blank", "gpt2", "bert"])
def test_shipped_parts_do_their_job(part):
    results = check([part], whole=False)
    assert [result for result in results if not result.held] == []
