"""`deepdive keys`: list, set, delete and check. No more of a key than its last four characters is ever printed."""

from __future__ import annotations

import argparse
import getpass
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deepdive.engine.command.console import FAILED, STOPPED, asked, complain, say, tell, unlock
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.services import SERVICES, service
from deepdive.engine.keys import finding
from deepdive.engine.keys.finding import Found, Survey

SIGNS = {"works": "✓", "refused": "✗", "expired": "≠", "unknown": "≠", "not set": "○"}


def run_keys(arguments: argparse.Namespace) -> int:
    what, name = arguments.what, arguments.name
    if name:
        service(name)
    elif what in ("set", "delete"):
        raise Refusal("NAME", f"`deepdive keys {what}` needs one", ", ".join(SERVICES))
    if arguments.file and what != "set":
        raise Refusal("--file", "says where `set` stores a key", "deepdive keys set NAME --file")
    match what:
        case "set":
            return _set(name, arguments.file)
        case "delete":
            return _delete(name)
        case "check":
            return _check(name, arguments.json)
    return _list(name, arguments.json)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", choices=["list", "set", "delete", "check"], default="list")
    parser.add_argument("name", nargs="?", metavar="NAME", help=", ".join(SERVICES))
    parser.add_argument("--file", action="store_true", help="set: in the encrypted file, behind a passphrase")


def _chosen(survey: Survey, name: str | None) -> list[Found]:
    return [found for key, found in survey.found.items() if name in (None, key)]


def _list(name: str | None, as_json: bool) -> int:
    survey = finding.survey()
    if as_json:
        keyring = {"works": survey.keyring.works, "says": survey.keyring.says}
        tell({"keyring": keyring, "keys": [_told(found) for found in _chosen(survey, name)]})
        return 0
    for found in _chosen(survey, name):
        say(f"{found.service.name:12} {found.last or '':7} {found.place}")
        say(f"{'':20} {found.service.uses}")
        if found.next:
            say(f"{'':20} {found.next}")
    say()
    say(f"New keys go to: {survey.keyring.says}" if survey.keyring.works else _sentence(survey.keyring.says))
    if not survey.keyring.works:
        say(f"Ways to give a key here: {finding.ways(name or 'openai')}.")
    return 0


def _told(found: Found) -> dict[str, Any]:
    place = {"where": found.where, "place": found.place, "last": found.last}
    return {"name": found.service.name, **place, "also": list(found.shadowed), "next": found.next}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _set(name: str, in_file: bool) -> int:
    from deepdive.engine.keys.checks import check

    entry = service(name)
    survey = finding.survey()
    if not in_file and not survey.keyring.works:
        raise Fault(f"{survey.keyring.says}, and a command can't keep a key in memory", finding.ways(name))
    if sys.stdin.isatty():
        value = finding.cleaned(name, getpass.getpass(f"{entry.title} key (not shown; made at {entry.page}): "))
    else:
        value = finding.cleaned(name, sys.stdin.read(finding.LONGEST + 2))
    verdict = check(Found(entry, "session", "", value))
    if verdict.state in ("refused", "expired"):
        raise Fault(f"{verdict.says}; nothing was stored", verdict.action)
    if in_file:
        unlock()
    finding.put(name, value, "file" if in_file else "keyring")
    where = f"the encrypted file {finding.vault().path}" if in_file else survey.keyring.says
    say(f"{SIGNS[verdict.state]} stored in {where}; {_words(verdict.state, verdict.who, verdict.may)}")
    if verdict.state == "unknown":
        say(f"  {verdict.says}: stored unchecked")
    if (now := finding.survey().found[name]).where == "environment":
        say(f"  {now.place} comes before it; unset it to use the stored one")
    return 0


def _delete(name: str) -> int:
    found = finding.survey().found[name]
    if found.where in ("keyring", "file") and sys.stdin.isatty():
        question = f"Delete the key {found.last} of {found.service.title} from {found.place}? [y/N] "
        if asked(question).lower() not in ("y", "yes"):
            complain("deepdive: left as it is")
            return STOPPED
    finding.delete(found)
    say(f"deleted from {found.place}" + (f"; {found.shadowed[0]} is used now" if found.shadowed else ""))
    return 0


def _check(name: str | None, as_json: bool) -> int:
    from deepdive.engine.keys.checks import check

    chosen = _chosen(finding.survey(), name)
    with ThreadPoolExecutor(len(chosen)) as pool:
        verdicts = list(pool.map(check, chosen))
    if as_json:
        tell({"checks": verdicts})
    else:
        for verdict in verdicts:
            say(f"{SIGNS[verdict.state]} {verdict.name:12} {_words(verdict.state, verdict.who, verdict.may)}")
            for line in (verdict.says, verdict.action):
                if line:
                    say(f"  {'':12} {line}")
    return FAILED if any(verdict.state in ("refused", "expired") for verdict in verdicts) else 0


def _words(state: str, who: str, may: str) -> str:
    words = "not checked" if state == "unknown" else state
    return ", ".join(part for part in (words, f"for {who}" if who else "", may) if part)
