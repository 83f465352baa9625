"""The services that have keys: the one table of their names, variables and signs."""

from __future__ import annotations

from dataclasses import dataclass

from deepdive.engine.common.faults import Refusal


@dataclass(frozen=True)
class Service:
    """`uses` says what a key is for, `page` where one is made, `prefix` how today's keys begin.

    `variables` are where a key is looked for, `others` are secrets too; `serves` an endpoint of a tutorial.
    """

    name: str
    title: str
    uses: str
    page: str
    variables: tuple[str, ...]
    prefix: str
    others: tuple[str, ...] = ()
    serves: bool = False


SERVICES = {
    service.name: service
    for service in (
        Service(
            "huggingface",
            "Hugging Face",
            "gated models (4, 8); open ones need no key",
            "huggingface.co/settings/tokens",
            ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
            "hf_",
            serves=True,
        ),
        Service(
            "openai",
            "OpenAI",
            "judges in 4, 7 and 8; a local judge stands in",
            "platform.openai.com/api-keys",
            ("OPENAI_API_KEY",),
            "sk-",
            serves=True,
        ),
        Service(
            "kaggle",
            "Kaggle",
            "sports photographs (9), support tweets (4)",
            "kaggle.com/settings",
            ("KAGGLE_API_TOKEN",),
            "KGAT_",
            others=("KAGGLE_KEY", "KAGGLE_USERNAME"),
        ),
    )
}
VARIABLES = tuple(name for service in SERVICES.values() for name in (*service.variables, *service.others))
PREFIXES = tuple(service.prefix for service in SERVICES.values())


def service(name: str) -> Service:
    """Raises Refusal."""
    if name not in SERVICES:
        raise Refusal("NAME", f"there is no key named {name!r}", ", ".join(SERVICES))
    return SERVICES[name]
