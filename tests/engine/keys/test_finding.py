"""Where a key is looked for, what may become one, and which steps get it. The system's keyring: test_keyring.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.services import SERVICES
from deepdive.engine.keys import finding
from deepdive.engine.keys.finding import Found
from deepdive.engine.keys.secret import Secret
from deepdive.engine.keys.vault import Vault
from deepdive.engine.lessons import catalogue
from deepdive.engine.work import grants
from hypothesis import given
from hypothesis import strategies as st

from tests.support.laboratory import TOYS

KEY = "sk-canary-abcdefgh-wxyz"
PASSPHRASE = "a few words"


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key of the machine, no session's or open file of another test."""
    for entry in SERVICES.values():
        for variable in entry.variables:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(finding, "_session", {})
    monkeypatch.setattr(finding, "_vaults", {})
    (tmp_path / "deepdive").mkdir()


def unlocked() -> Vault:
    file = finding.vault()
    file.unlock(PASSPHRASE)
    return file


def test_a_key_is_looked_for_in_the_session_the_environment_and_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert finding.survey().found["openai"].where == "none"
    unlocked()
    finding.put("openai", f"{KEY}-file", "file")
    assert finding.find(["openai"]) == {"openai": f"{KEY}-file"}
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}-env\n")
    assert finding.find(["openai"]) == {"openai": f"{KEY}-env"}
    finding.put("openai", f"{KEY}-session", "session")
    found = finding.survey().found["openai"]
    assert (found.where, found.secret) == ("session", f"{KEY}-session")
    assert found.shadowed == ("environment, OPENAI_API_KEY", "encrypted file")


def test_no_key_shows_itself_where_it_is_printed() -> None:
    finding.put("openai", KEY, "session")
    found = finding.survey().found["openai"]
    assert "canary" not in repr(found) + repr(found.secret) + repr(finding.survey()) + repr(finding.find(["openai"]))
    assert found.last == "…wxyz"
    assert Found(found.service, "session", "", Secret("sk-short")).last == ""  # four of few characters tell too much


def test_kaggles_variable_may_name_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("KGAT_in_a_file\n")
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(tmp_path / "token"))
    assert finding.find(["kaggle"]) == {"kaggle": "KGAT_in_a_file"}


def test_a_services_own_login_is_named_and_not_taken(tmp_path: Path) -> None:
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "kaggle.json").write_text("{}")
    found = finding.survey().found["kaggle"]
    assert (found.where, found.place, found.secret) == ("own", "Kaggle's own login, ~/.kaggle/kaggle.json", None)
    with pytest.raises(Fault, match="not this program's"):
        finding.delete(found)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("openai", "  ", "nothing was given"),
        ("openai", f"{KEY} and more", "no key"),
        ("openai", "sk-canary\nsecond", "no key"),
        ("openai", "sk-canäry", "no key"),
        ("openai", "hf_canary", "a key of Hugging Face"),
        ("huggingface", "KGAT_canary", "a key of Kaggle"),
        ("kaggle", '{"username": "canary"}', "a whole file"),
        ("openai", "canary" * 1000, "no key"),
        ("google", KEY, "no key named 'google'"),
    ],
)
def test_what_is_no_key_is_refused_without_repeating_it(name: str, value: str, says: str) -> None:
    with pytest.raises(Refusal, match=says) as refusal:
        finding.cleaned(name, value)
    assert "can" not in str(refusal.value).replace("can't", "")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60))
def test_a_key_is_kept_as_it_is_but_for_the_blanks_around_it(text: str) -> None:
    if not text.startswith(("{", "hf_", "KGAT_")) and not {text[0], text[-1]} & set("\"'`"):
        assert finding.cleaned("openai", f" \t{text}\r\n") == text


def test_deleting_says_what_is_not_ours_to_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(Fault, match="outside this program") as fault:
        finding.delete(finding.survey().found["openai"])
    assert fault.value.action == "`unset OPENAI_API_KEY` in your shell"
    with pytest.raises(Fault, match="no key of Kaggle"):
        finding.delete(finding.survey().found["kaggle"])


def test_without_a_keyring_nothing_is_stored_and_the_other_ways_are_named() -> None:
    survey = finding.survey()
    assert (survey.keyring.says, survey.storable) == ("this machine has no system keyring", ("session", "file"))
    with pytest.raises(Fault, match="nothing was stored") as fault:
        finding.put("openai", KEY, "keyring")
    assert "export OPENAI_API_KEY" in fault.value.action
    assert "--file" in fault.value.action


# ---- the encrypted file -------------------------------------------------------------------------------------------


def test_the_file_holds_no_key_in_plain_text_and_is_for_its_owner_alone() -> None:
    file = unlocked()
    finding.put("openai", KEY, "file")
    raw = file.path.read_bytes()
    assert KEY.encode() not in raw and PASSPHRASE.encode() not in raw
    assert file.path.stat().st_mode & 0o077 == 0
    assert not [path for path in file.path.parent.iterdir() if path.name.startswith(".keys-")]


def test_the_file_is_locked_until_its_passphrase_is_given() -> None:
    unlocked()
    finding.put("openai", KEY, "file")
    finding._vaults.clear()  # another process
    found = finding.survey().found["openai"]
    assert (found.where, found.secret) == ("file", None)
    assert "locked" in found.next
    assert finding.locked(["openai", "kaggle"]) == ["openai"]
    with pytest.raises(Fault, match="not the passphrase"):
        finding.vault().unlock("another one")
    with pytest.raises(Fault, match="locked"):
        finding.put("kaggle", "KGAT_x", "file")
    unlocked()
    assert finding.find(["openai"]) == {"openai": KEY}
    assert finding.locked(["openai"]) == []


def test_a_sealed_value_can_not_stand_under_another_name() -> None:
    file = unlocked()
    finding.put("openai", KEY, "file")
    file.path.write_text(file.path.read_text().replace('"openai"', '"kaggle"'))
    finding._vaults.clear()
    with pytest.raises(Fault, match="not the passphrase"):
        finding.vault().unlock(PASSPHRASE)


def test_a_short_passphrase_and_a_broken_file_are_refused() -> None:
    with pytest.raises(Fault, match="8 characters or more"):
        finding.vault().unlock("short")
    finding.vault().path.write_text("{nonsense")
    with pytest.raises(Fault, match="can't be read"):
        finding.vault().unlock(PASSPHRASE)


def test_the_file_goes_with_its_last_key() -> None:
    file = unlocked()
    finding.put("openai", KEY, "file")
    finding.delete(finding.survey().found["openai"])
    assert not file.path.exists()


# ---- what a step may have -----------------------------------------------------------------------------------------


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPDIVE_TUTORIALS", str(TOYS))
    for entry in SERVICES.values():
        monkeypatch.setenv(entry.variables[0], f"{entry.prefix}canary")


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(
    ("steps", "roles", "names"),
    [
        (["grade"], {}, []),  # the local judge answers: no key is needed
        (["grade"], {"judge": "gpt-5"}, ["openai"]),
        (["grade"], {"judge": "http://127.0.0.1:1/v1"}, []),  # a server of one's own
        (["grade"], {"judge": "http://127.0.0.1:1/v1 secret=huggingface"}, ["huggingface"]),
        (["fetch"], {}, ["huggingface", "kaggle"]),
        (["grade", "fetch"], {"judge": "gpt-5"}, ["openai", "huggingface", "kaggle"]),
        ([], {"judge": "gpt-5"}, []),
    ],
)
def test_a_worker_gets_the_keys_that_its_steps_ask_for_and_no_other(
    steps: list[str], roles: dict[str, str], names: list[str]
) -> None:
    found = grants.for_steps(catalogue.find("judged"), "pocket", roles, steps)
    assert found == {name: f"{SERVICES[name].prefix}canary" for name in names}


def test_an_endpoints_locked_key_is_told_before_a_local_judge_answers_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPDIVE_TUTORIALS", str(TOYS))
    unlocked()
    for name in ("openai", "kaggle"):
        finding.put(name, f"{SERVICES[name].prefix}canary", "file")
    finding._vaults.clear()
    judged = catalogue.find("judged")
    with pytest.raises(Fault, match="OpenAI for judge lies in the encrypted file, which is locked"):
        grants.for_steps(judged, "pocket", {"judge": "gpt-5"}, ["grade"])
    assert grants.for_steps(judged, "pocket", {}, ["grade"]) == {}
    assert grants.for_steps(judged, "pocket", {}, ["fetch"]) == {}  # a file of Kaggle may be here already
