"""Does a key work, for whom, and what may it: asked of the service by its own client, in a child process.

The child reads the key from a pipe, so that it is neither an argument nor an environment variable, and can be ended
when a service does not answer. Without a key it looks for the service's own login, as its client does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from deepdive.engine.common import child, network
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.masking import masked
from deepdive.engine.common.services import SERVICES
from deepdive.engine.common.untrusted import visible
from deepdive.engine.keys.finding import Found

SECONDS = 12.0  # for imports, name look-up and all answers
ANSWER_SECONDS = 4.0  # for one answer
GATED, INSTEAD = "meta-llama/Llama-2-7b-hf", "Qwen/Qwen2.5-7B"  # the book's gated model; an open one of its size
JUDGE = "gpt-5.6-terra"  # the judge that lessons name

State = Literal["works", "refused", "expired", "unknown", "not set"]


@dataclass(frozen=True)
class Verdict:
    """`who` and `may` are the service's words; `says` is more about it, `action` what to do next."""

    name: str
    state: State
    who: str = ""
    may: str = ""
    says: str = ""
    action: str = ""


def check(found: Found) -> Verdict:
    """Ask the service. Blocks; never raises, never takes longer than `SECONDS`."""
    entry = found.service
    if found.trouble:
        return Verdict(
            entry.name, "unknown" if found.where == "none" else "refused", says=found.place, action=found.next
        )
    if found.where == "none" or (found.where == "file" and found.secret is None):
        return Verdict(entry.name, "not set", says=found.place, action=found.next)
    asked = {"name": entry.name, "secret": found.secret}
    try:
        network.check()
        told = child.ask("keys.checks", asked, Verdict, SECONDS).told
    except Fault as fault:
        return Verdict(entry.name, "unknown", says=fault.cause, action=fault.action)
    except child.Silent:
        return _unreachable(entry.name, f"no answer in {SECONDS:g} s")
    if told is None:
        return _unreachable(entry.name, "its client could not ask")
    return Verdict(told.name, told.state, *(visible(masked(getattr(told, f))) for f in WORDS))


WORDS = ("who", "may", "says", "action")


def _unreachable(name: str, why: str) -> Verdict:
    return Verdict(name, "unknown", says=f"{SERVICES[name].title} was not reached: {why}", action="Check again later")


def _refused(name: str, state: State = "refused", says: str = "") -> Verdict:
    entry = SERVICES[name]
    says = says or f"{entry.title} does not accept it"
    return Verdict(name, state, says=says, action=f"make a new one at {entry.page} and set it")


# ---- in the child -------------------------------------------------------------------------------------------------


def openai(secret: str | None) -> Verdict:
    """GET /v1/models: which models the key may use, and when the judge's is to be shut down."""
    import openai as library

    client = library.OpenAI(api_key=secret, timeout=ANSWER_SECONDS, max_retries=0)
    try:
        answer = client.models.with_raw_response.list()
        models = {model.id: model for model in answer.parse().data}
    except library.AuthenticationError:
        return _refused("openai")
    except library.PermissionDeniedError:
        says = "it may not list models; judging may work all the same"
        return Verdict("openai", "works", may="restricted key", says=says)
    except library.RateLimitError as error:
        return _unreachable("openai", f"it asks to wait ({error.message[:120]})")
    except library.APIError as error:
        return _unreachable("openai", getattr(error, "message", "") or type(error).__name__)
    who = answer.headers.get("openai-organization", "")
    judge = models.get(JUDGE)
    if judge is None:
        says = f"{JUDGE}, the judge that lessons name, is not among them: set another model"
    else:
        ends = getattr(judge, "shutdown_date", None)
        says = f"{JUDGE} is shut down on {ends}" if ends else f"{JUDGE} is among them"
    return Verdict("openai", "works", who, f"{len(models)} models", says)


def huggingface(secret: str | None) -> Verdict:
    """whoami, and whether the book's gated model is granted to this account."""
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.constants import is_offline_mode
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
    from huggingface_hub.utils import get_session

    if is_offline_mode():
        return Verdict("huggingface", "unknown", says="HF_HUB_OFFLINE is set: the hub is not asked", action="Unset it")
    get_session().timeout = ANSWER_SECONDS
    api = HfApi(token=secret or get_token())
    try:
        told = api.whoami()
    except HfHubHTTPError as error:
        if error.response.status_code in (401, 403):
            return _refused("huggingface")
        return _unreachable("huggingface", f"it answered {error.response.status_code}")
    except Exception as error:  # noqa: BLE001 - the HTTP library's own failures: no network, time-outs
        return _unreachable("huggingface", type(error).__name__)
    role = told.get("auth", {}).get("accessToken", {}).get("role", "")
    may = {"fineGrained": "fine-grained token"}.get(role, f"{role} token" if role else "")
    try:
        api.auth_check(GATED)
        says, action = f"{GATED} (gated): granted", ""
    except GatedRepoError as error:
        says = f"{GATED} (gated): not yet granted"
        action = f"open huggingface.co/{GATED} and accept, or use {INSTEAD}"
        if "fine-grained" in str(error):
            says = f"{GATED} (gated): this token may read no gated models"
            action = f"allow it at {SERVICES['huggingface'].page}, or use {INSTEAD}"
    except RepositoryNotFoundError:
        says, action = f"{GATED} is not shown to this token", f"let it read gated models, or use {INSTEAD}"
    except Exception:  # noqa: BLE001 - the token works; the gate could not be asked
        says, action = f"{GATED} (gated): not known, the hub did not answer", "Check again later"
    return Verdict("huggingface", "works", str(told.get("name", "")), may, says, action)


def kaggle(secret: str | None) -> Verdict:
    """Ask Kaggle about the token (OAuth introspection), as its own client does before it works with one."""
    import requests
    from kagglesdk.kaggle_client import KaggleClient
    from kagglesdk.kaggle_creds import KaggleCredentials
    from kagglesdk.kaggle_env import get_access_token_from_env
    from kagglesdk.security.types.oauth_service import IntrospectTokenRequest

    token = secret or get_access_token_from_env()[0]
    try:
        with KaggleClient() as client:
            if not token:
                login = KaggleCredentials.load(client=client)
                token = login.get_access_token() if login else None
            if not token:
                says = "kaggle.json is the old way; it is used as it is, and Kaggle does not tell about it"
                return Verdict("kaggle", "unknown", says=says, action="`deepdive keys set kaggle` stores a token")
            request = IntrospectTokenRequest()
            request.token = token
            told = client.security.oauth_client.introspect_token(request)
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        return _refused("kaggle") if status in (400, 401, 403, 404) else _unreachable("kaggle", f"it answered {status}")
    except requests.RequestException as error:
        return _unreachable("kaggle", type(error).__name__)
    if not told.active:
        ended = told.exp and told.exp < time.time()
        return _refused("kaggle", "expired", "it has expired" if ended else "it is no longer active")
    until = time.strftime("until %d %b %Y", time.localtime(told.exp)) if told.exp else ""
    return Verdict("kaggle", "works", told.username, told.scope or "downloads", until)


ASK: dict[str, Callable[[str | None], Verdict]] = {"openai": openai, "huggingface": huggingface, "kaggle": kaggle}


def main() -> None:
    asked: dict[str, Any] = json.load(sys.stdin)
    verdict = ASK[asked["name"]](asked["secret"])
    print(msgspec.json.encode(verdict).decode())  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
