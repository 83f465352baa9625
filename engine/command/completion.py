"""Completion scripts, made from the command's own parser so that they can't drift from it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from deepdive.engine.lessons.catalogue import load

TAKES_TUTORIAL = ("run",)
TAKES_RUN = ("show", "attach", "stop", "ask", "results")


def script(shell: str, commands: Mapping[str, argparse.ArgumentParser]) -> str:
    """The script for `bash`, `zsh` or `fish`; run names are looked up when completing."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands)


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return [option for action in parser._actions for option in action.option_strings if option.startswith("--")]


def _words(name: str, parser: argparse.ArgumentParser) -> list[str]:
    words = _options(parser)
    for action in parser._actions:
        if not action.option_strings and action.choices:
            words += [str(choice) for choice in action.choices]
    if name in TAKES_TUTORIAL:
        words += [tutorial.id for tutorial in load().tutorials if tutorial.ready]
    return words


RUNS = """deepdive runs --json 2>/dev/null | grep -o '"id": "[^"]*"' | cut -d'"' -f4"""


def _bash(commands: Mapping[str, argparse.ArgumentParser]) -> str:
    cases = []
    for name, parser in commands.items():
        runs = f" $({RUNS})" if name in TAKES_RUN else ""
        cases.append(f'    {name}) words="{" ".join(_words(name, parser))}{runs}" ;;')
    return "\n".join(
        [
            "_deepdive() {",
            '  local words current="${COMP_WORDS[COMP_CWORD]}"',
            '  case "${COMP_WORDS[1]}" in',
            *cases,
            f'    *) words="{" ".join(commands)}" ;;',
            "  esac",
            f'  [ "$COMP_CWORD" -eq 1 ] && words="{" ".join(commands)} --plain --theme --no-mouse --version --help"',
            '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
            "}",
            "complete -F _deepdive deepdive",
        ]
    )


def _zsh(commands: Mapping[str, argparse.ArgumentParser]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(commands)


def _fish(commands: Mapping[str, argparse.ArgumentParser]) -> str:
    lines = ["complete -c deepdive -f"]
    for name, parser in commands.items():
        about = (parser.description or "").replace("'", "")
        lines.append(f"complete -c deepdive -n __fish_use_subcommand -a {name} -d '{about}'")
        for word in _words(name, parser):
            flag = f"-l {word.removeprefix('--')}" if word.startswith("--") else f"-a {word}"
            lines.append(f"complete -c deepdive -n '__fish_seen_subcommand_from {name}' {flag}")
        if name in TAKES_RUN:
            lines.append(f"complete -c deepdive -n '__fish_seen_subcommand_from {name}' -a '({RUNS})'")
    return "\n".join(lines)
