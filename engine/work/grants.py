"""Which secrets a step gets: those of the services that its own code asks for by a role, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.services import SERVICES
from deepdive.engine.keys.finding import find, locked
from deepdive.engine.keys.secret import Secret
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.places.places import Endpoint, Hub, Kaggle, Place, override, parse


def secret_of(place: Place) -> str:
    """The service whose secret a place can ask for, or nothing."""
    match place:
        case Hub():
            return "huggingface"
        case Kaggle():
            return "kaggle"
        case Endpoint(secret=name, local=False):
            return name
    return ""


def asked_for(tutorial: Tutorial, scale: str, roles: Mapping[str, str], steps: Iterable[str]) -> dict[str, str]:
    """The services whose keys these steps' own code can ask for by a role, with the role (of several an endpoint's)."""
    wanted: dict[str, str] = {}
    chosen = [step for step in tutorial.steps if step.id in set(steps)]
    for role, table in tutorial.scales[scale].roles.items():
        if not any(step.function.asks_for(role) for step in chosen):
            continue
        place = _place(role, table, roles)
        if (name := secret_of(place)) in SERVICES and (name not in wanted or isinstance(place, Endpoint)):
            wanted[name] = role
    return wanted


def for_steps(tutorial: Tutorial, scale: str, roles: Mapping[str, str], steps: Iterable[str]) -> dict[str, Secret]:
    """The secrets of those services that these steps ask for: no other reaches the worker.

    Raises Fault where an endpoint's key is there but locked: without it a local judge would answer unasked."""
    wanted = asked_for(tutorial, scale, roles, steps)
    found = find(wanted) if wanted else {}
    missing = {name: role for name, role in wanted.items() if name not in found}
    for name in locked(missing):
        role = missing[name]
        if isinstance(_place(role, tutorial.scales[scale].roles[role], roles), Endpoint):
            variable = SERVICES[name].variables[0]
            raise Fault(
                f"the key of {SERVICES[name].title} for {role} lies in the encrypted file, which is locked",
                f"Give its passphrase on the keys screen, or export {variable}",
            )
    return found


def _place(role: str, table: Mapping[str, Any], roles: Mapping[str, str]) -> Place:
    place = parse(role, table)
    return override(place, roles[role], role) if role in roles else place
