"""The real hub client against the hub on loopback. Many questions share a process, each with an id of its own."""

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub_client import ROOT, Answer, ask
from tests.support.loopback.hub import NARROW, TOKEN, Hub
from tests.support.loopback.world import BERT, GPT2, LLAMA, PICKLED, SCRIPTED, WIKIPEDIA, WIKIPEDIA_CONFIG

LARGE = "trouble/large"  # ids of their own, so that each meets its own trouble
BROKEN, STUMBLING, BUSY, DROPPED, SLOW = (
    f"trouble/{name}" for name in ("broken", "stumbling", "busy", "dropped", "slow")
)
PRIVATE_TABLE = "trouble/private-table"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hf-home")


@pytest.fixture(scope="module")
def answers(hub: Hub, home: Path) -> Iterator[dict[str, Answer]]:
    """Everything that one client process can ask one hub."""
    gpt2 = hub.repositories["models", GPT2].folder
    for name in (LARGE, BROKEN, STUMBLING, BUSY, DROPPED, SLOW):
        hub.add("models", name, gpt2)
    hub.add("datasets", PRIVATE_TABLE, hub.repositories["datasets", WIKIPEDIA].folder)
    hub.gate(PRIVATE_TABLE, "datasets")
    asked = {
        "model": {"settle": "model", "id": BERT},
        "model again": {"settle": "model", "id": BERT},
        "fixed revision": {"settle": "model", "id": BERT, "revision": "main"},
        "gated": {"settle": "model", "id": LLAMA, "options": {"instead": "Qwen/Qwen2.5-7B"}},
        "gated, not let in": {"settle": "model", "id": LLAMA, "token": "hf_stranger"},
        "gated, narrow token": {
            "settle": "model",
            "id": LLAMA,
            "token": NARROW,
            "options": {"instead": "Qwen/Qwen2.5-7B"},
        },
        "gated, let in": {"settle": "model", "id": LLAMA, "token": TOKEN},
        "missing": {"settle": "model", "id": "no/such-model"},
        "missing revision": {"settle": "model", "id": BERT, "revision": "v99"},
        "pickles": {"settle": "model", "id": PICKLED},
        "pickles, allowed": {"settle": "model", "id": PICKLED, "options": {"pickles": True}},
        "small disk": {"settle": "model", "id": LARGE, "free": 1_000_000},
        "broken hub": {"settle": "model", "id": BROKEN},
        "stumbling hub": {"settle": "model", "id": STUMBLING},
        "busy hub": {"settle": "model", "id": BUSY},
        "dropped": {"settle": "model", "id": DROPPED},
        "stopped": {"settle": "model", "id": SLOW, "stop_after": 1_000_000},
        "resumed": {"settle": "model", "id": SLOW},
        "streamed": {"settle": "data", "id": WIKIPEDIA, "options": {"config": WIKIPEDIA_CONFIG, "streaming": True}},
        "whole data": {"settle": "data", "id": WIKIPEDIA, "options": {"config": WIKIPEDIA_CONFIG}},
        "gated data": {"settle": "data", "id": PRIVATE_TABLE, "options": {"streaming": True}},
        "gated data, let in": {"settle": "data", "id": PRIVATE_TABLE, "token": TOKEN, "options": {"streaming": True}},
        "missing data": {"settle": "data", "id": "no/such-data"},
        "script": {"settle": "data", "id": SCRIPTED, "options": {"instead": WIKIPEDIA}},
    }
    hub.requests.clear()  # what other tests asked, with a token or without
    with contextlib.ExitStack() as troubles:
        for trouble in (
            hub.trouble(f"models/{BROKEN}/auth", status=503),
            hub.trouble(f"models/{STUMBLING}/auth", status=500, times=1),
            hub.trouble(f"models/{BUSY}/auth", status=429, retry_after=90),
            hub.trouble(f"GET /{DROPPED}/resolve.*safetensors", drop_after=2_500_000, times=1),
            hub.trouble(f"GET /{SLOW}/resolve.*safetensors", rate=3_000_000),
        ):
            troubles.enter_context(trouble)
        yield dict(zip(asked, ask(list(asked.values()), hub.environment(home)), strict=True))


def downloaded(hub: Hub, repo_id: str) -> dict[str, list[str | None]]:
    """Files of a repository that were fetched, with the ranges asked for."""
    fetched: dict[str, list[str | None]] = {}
    for request in hub.requests:
        name = request.path.partition("/resolve/")[2].partition("/")[2]
        if request.method == "GET" and request.path.startswith((f"/{repo_id}/", f"/datasets/{repo_id}/")) and name:
            fetched.setdefault(name, []).append(request.range)
    return fetched


# ---- it goes well ----------------------------------------------------------------------------------------------------


def test_a_model_is_brought_without_its_duplicates(answers: dict[str, Answer], hub: Hub) -> None:
    assert answers["model"].value == BERT
    assert set(downloaded(hub, BERT)) == {"config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"}


def test_an_open_model_never_sees_the_token(answers: dict[str, Answer], hub: Hub) -> None:
    shown = {request.path for request in hub.requests if request.token}
    assert shown
    assert all(LLAMA in path or PRIVATE_TABLE in path for path in shown)


def test_progress_counts_bytes_up_to_the_whole(answers: dict[str, Answer]) -> None:
    for name in ("model", "dropped", "resumed", "whole data"):
        done = [fields["done"] for fields in answers[name].progress]
        assert done == sorted(done), name
        assert done[-1] == answers[name].progress[-1]["total"] > 0, name
        assert answers[name].progress[-1]["unit"] == "bytes"
    assert len(answers["resumed"].progress) > 2  # a slow download says so more than once


def test_a_cached_model_is_not_fetched_again(answers: dict[str, Answer], hub: Hub) -> None:
    assert answers["model again"].value == BERT
    assert answers["model again"].events == []
    assert len(downloaded(hub, BERT)["model.safetensors"]) == 1


def test_a_fixed_revision_and_a_gated_model_are_named_by_their_folder(answers: dict[str, Answer]) -> None:
    for name in ("fixed revision", "gated, let in"):
        assert any(Path(answers[name].value).glob("*.safetensors")), "in one file or in shards"


def test_a_streamed_data_set_is_not_downloaded_and_a_whole_one_is(answers: dict[str, Answer], hub: Hub) -> None:
    assert answers["streamed"].value is None
    assert answers["streamed"].events == []
    assert len(downloaded(hub, WIKIPEDIA)) == 41


def test_the_token_of_a_gated_data_set_is_handed_on(answers: dict[str, Answer]) -> None:
    assert answers["gated data, let in"].value == TOKEN


def test_a_hub_that_stumbles_once_is_asked_again(answers: dict[str, Answer]) -> None:
    assert answers["stumbling hub"].value == STUMBLING


# ---- a download breaks or is stopped ---------------------------------------------------------------------------------


def test_a_dropped_connection_is_taken_up_where_it_broke(answers: dict[str, Answer], hub: Hub, home: Path) -> None:
    assert answers["dropped"].value == DROPPED
    first, second = downloaded(hub, DROPPED)["model.safetensors"]
    assert first is None
    assert second is not None
    assert 1_000_000 < int(second.removeprefix("bytes=").rstrip("-")) <= 2_500_000
    (copy,) = (home / "hub" / "models--trouble--dropped").glob("snapshots/*/model.safetensors")
    assert copy.read_bytes() == hub.repositories["models", GPT2].files["model.safetensors"].read_bytes()


def test_a_stop_is_heard_within_a_second_and_complete_files_are_kept(answers: dict[str, Answer], hub: Hub) -> None:
    assert answers["stopped"].fault == "Stopped"
    assert answers["stopped"].seconds < 3
    assert answers["resumed"].value == SLOW
    fetched = downloaded(hub, SLOW)
    assert len(fetched["vocab.json"]) == 1
    assert len(fetched["model.safetensors"]) == 2


# ---- it does not go --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "cause", "action"),
    [
        ("gated", "is gated", f"/{LLAMA}, sign in and accept"),
        ("gated", "no token is stored", "`deepdive keys set huggingface`. Or take Qwen/Qwen2.5-7B"),
        ("gated, not let in", "has not been let in", f"/{LLAMA} with that account"),
        ("gated, narrow token", "the stored token may not read gated", "public gated repos"),
        ("gated, narrow token", "is gated", "Or take Qwen/Qwen2.5-7B"),
        ("gated data", "The data set trouble/private-table is gated", "/datasets/trouble/private-table"),
        ("missing", "has no model no/such-model", "Check the spelling"),
        ("missing data", "has no data set no/such-data", "Check the spelling"),
        ("missing revision", "no such revision", "commits/main"),
        ("pickles", "only as pickles", "safetensors"),
        ("small disk", "where 1 MB are free", "HF_HOME"),
        ("broken hub", "answered 503", "--scale pocket"),
        ("busy hub", "too many requests", "in 90 seconds"),
        ("script", "loading script", f"Parquet: {WIKIPEDIA}"),
    ],
)
def test_a_failure_says_what_happened_and_what_to_do(
    answers: dict[str, Answer], asked: str, cause: str, action: str
) -> None:
    answer = answers[asked]
    assert answer.value is None
    assert cause in answer.cause
    assert action in answer.action
    assert answer.seconds < 2


def test_nothing_of_a_gated_model_is_asked_for_before_the_gate_is_passed(answers: dict[str, Answer], hub: Hub) -> None:
    assert answers["gated, let in"].value
    of_llama = [request for request in hub.requests if LLAMA in request.path]
    assert any(request.path.endswith("/auth-check") and request.token == "hf_stranger" for request in of_llama)
    assert all(request.path.endswith("/auth-check") or request.token == TOKEN for request in of_llama)


def test_nothing_is_downloaded_onto_a_disk_that_is_too_small(answers: dict[str, Answer], hub: Hub) -> None:
    assert answers["small disk"].fault
    assert downloaded(hub, LARGE) == {}


def test_a_token_is_in_no_fault_and_no_event(answers: dict[str, Answer]) -> None:
    said = {name: answer for name, answer in answers.items() if name != "gated data, let in"}
    assert TOKEN not in json.dumps([vars(answer) for answer in said.values()])
    assert "hf_stranger" not in json.dumps([vars(answer) for answer in said.values()])


# ---- no hub at all ---------------------------------------------------------------------------------------------------


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that neither accepts nor refuses: its queue is full, as behind a firewall that swallows packets."""
    with socket.socket() as listener, contextlib.ExitStack() as callers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


def asked_without_hub(environment: dict[str, str]) -> list[Answer]:
    """A model that lies in the cache, one that does not, and a streamed data set."""
    jobs = [
        {"settle": "model", "id": BERT},
        {"settle": "model", "id": "never/fetched"},
        {"settle": "data", "id": WIKIPEDIA, "options": {"config": WIKIPEDIA_CONFIG, "streaming": True}},
    ]
    return ask(jobs, environment)


@pytest.mark.usefixtures("answers")
def test_without_a_network_the_cache_serves_and_the_rest_is_explained(
    hub: Hub,
    home: Path,
    closed_port: int,
) -> None:
    environment = hub.environment(home) | {"HF_ENDPOINT": f"http://127.0.0.1:{closed_port}"}
    cached, missing, streamed = asked_without_hub(environment)
    assert (Path(cached.value) / "model.safetensors").is_file()
    assert [kind for kind, _ in cached.events] == ["note"]
    for answer, what in ((missing, "the model never/fetched"), (streamed, f"the data set {WIKIPEDIA}")):
        assert answer.fault == "Unreachable"
        assert f"No connection to 127.0.0.1:{closed_port}, which {what} comes from" in answer.cause
        assert "refused" in answer.cause
        assert "--scale pocket" in answer.action
        assert answer.seconds < 2


def test_a_network_that_swallows_packets_is_named_within_two_seconds(
    hub: Hub,
    tmp_path: Path,
    silent_port: int,
) -> None:
    environment = hub.environment(tmp_path) | {"HF_ENDPOINT": f"http://127.0.0.1:{silent_port}"}
    (answer,) = ask([{"settle": "model", "id": BERT}], environment)
    assert "No connection" in answer.cause
    assert answer.seconds < 2


@pytest.mark.usefixtures("answers")
def test_offline_mode_is_named_and_the_cache_still_serves(hub: Hub, home: Path) -> None:
    cached, missing, streamed = asked_without_hub(hub.environment(home) | {"HF_HUB_OFFLINE": "1"})
    assert (Path(cached.value) / "model.safetensors").is_file()
    for answer in (missing, streamed):
        assert answer.cause.startswith("HF_HUB_OFFLINE is set")
        assert "Unset HF_HUB_OFFLINE" in answer.action


def test_a_proxy_that_is_not_there_is_named_without_its_password(
    hub: Hub,
    tmp_path: Path,
    closed_port: int,
) -> None:
    proxy = f"http://somebody:pass-word@127.0.0.1:{closed_port}"
    environment = hub.environment(tmp_path) | {"HF_ENDPOINT": "http://hub.example.org", "http_proxy": proxy}
    environment.pop("no_proxy", None)
    environment.pop("NO_PROXY", None)
    (answer,) = ask([{"settle": "model", "id": BERT}], environment)
    assert f"The proxy http://127.0.0.1:{closed_port}" in answer.cause
    assert "HTTPS_PROXY" in answer.action
    assert "pass-word" not in f"{answer.cause}{answer.action}{answer.detail}"


# ---- the libraries themselves ----------------------------------------------------------------------------------------

LESSON = """
import json, sys
from pathlib import Path
from deepdive.engine.places.places import Hub
from deepdive.engine.places.resolver import Resolver
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

places = {
    "masked_lm": Hub("google-bert/bert-base-uncased"),
    "causal_lm": Hub("openai-community/gpt2"),
    "wikipedia": Hub("wikimedia/wikipedia", "data", config="20231101.en", split="train", streaming=True),
}
resource = Resolver(places, Path("."), lambda kind, fields: None, lambda: None)
found = {}
model = resource("model", "masked_lm")
words = AutoTokenizer.from_pretrained(model)("Life is like a [MASK] of chocolates.", return_tensors="pt")
found["bert ids"] = words["input_ids"][0].tolist()
found["bert logits"] = list(AutoModelForMaskedLM.from_pretrained(model)(**words).logits.shape)
model = resource("model", "causal_lm")
found["gpt2 ids"] = AutoTokenizer.from_pretrained(model)("Swimming at the beach is")["input_ids"]
found["gpt2 vocabulary"] = AutoModelForCausalLM.from_pretrained(model).config.vocab_size
articles = load_dataset(**resource("data", "wikipedia"))
found["columns"] = articles.column_names
for seed in (0, 0, 1):
    shuffled = articles.shuffle(seed=seed, buffer_size=50).take(5)
    found.setdefault("titles", []).append([row["title"] for row in shuffled])
print(json.dumps(found))
"""


def test_models_load_and_articles_stream_under_the_ids_of_the_book(hub: Hub, tmp_path: Path) -> None:
    before = len(hub.requests)
    command = [sys.executable, "-c", LESSON]
    done = subprocess.run(command, env=hub.environment(tmp_path), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["bert ids"] == [101, 2166, 2003, 2066, 1037, 103, 1997, 7967, 2015, 1012, 102]
    assert found["bert logits"] == [1, 11, 30522]
    assert found["gpt2 ids"] == [10462, 27428, 379, 262, 10481, 318]
    assert found["gpt2 vocabulary"] == 50257
    assert found["columns"] == ["id", "url", "title", "text"]
    same, again, other = found["titles"]
    assert same == again != other
    weights = [r for r in hub.requests[before:] if r.method == "GET" and r.path.endswith(".safetensors")]
    assert len(weights) == 2  # from_pretrained took what was brought before
