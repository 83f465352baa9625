"""What a chat endpoint answered: the text in any reply, and the grading in any text.

Servers and models differ: some think aloud first, wrap JSON into words, call a tool, or are no chat endpoint at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

SAMPLE = 80  # characters of what was answered instead
LONGEST = 200_000  # characters of an answer that are looked at
THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.IGNORECASE | re.DOTALL)
THOUGHT_BEFORE = re.compile(r".*</(?:think|thinking|reasoning)>", re.IGNORECASE | re.DOTALL)
THINKING = re.compile(r"<(?:think|thinking|reasoning)>", re.IGNORECASE)
MARKS = {
    "yes": "yes",
    "partly": "partly",
    "no": "no",
    "1": "yes",
    "1.0": "yes",
    "0.5": "partly",
    "0": "no",
    "0.0": "no",
}
MARKS |= {"true": "yes", "false": "no"}


@dataclass(frozen=True)
class Reply:
    """`texts` are where an answer may stand, the likeliest first; else `trouble` says why there is none. `foreign`: it
    is no reply of a chat API, so the address is to blame. `declined`: this item was refused, others need not be."""

    texts: tuple[str, ...] = ()
    trouble: str = ""
    foreign: bool = False
    declined: bool = False
    model: str = ""
    created: Any = None


def opened(body: str) -> Reply:
    """The reply that the body of a response is."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return Reply(trouble=_no_json(body), foreign=True)
    if not isinstance(told, dict):
        return Reply(trouble=f"the reply is JSON, but none of a chat API: {sample(body)}", foreign=True)
    if told.get("error"):
        error = told["error"]
        words = error.get("message", error) if isinstance(error, dict) else error
        return Reply(trouble=f"the server answered with an error: {sample(words)}", foreign=True)
    choices = told.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    if not isinstance(message, dict):
        return Reply(trouble=f"the reply has no choices with a message: {sample(body)}", foreign=True)
    reply = Reply(model=sample(told.get("model") or ""), created=told.get("created"))
    if refusal := message.get("refusal"):
        return replace(reply, trouble=f"the judge refused: {sample(refusal)}", declined=True)
    finish = choice.get("finish_reason")
    if finish == "content_filter":
        return replace(reply, trouble="the judge's provider filtered the answer", declined=True)
    texts = [text for text in (*_arguments(message), _text(message.get("content"))) if text.strip()]
    if texts:
        return replace(reply, texts=tuple(without_thoughts(text, finish == "length") for text in texts))
    thought = any(_text(message.get(name)).strip() for name in ("reasoning_content", "reasoning", "thinking"))
    why = "the judge only thought, and gave no answer" if thought else "the judge's answer is empty"
    return replace(reply, trouble=why + (", it was cut off at the limit of its tokens" if finish == "length" else ""))


def sample(words: Any) -> str:
    """The beginning of what was said, in one line."""
    text = " ".join(str(words).split())
    return text if len(text) <= SAMPLE else text[: SAMPLE - 1] + "…"


def _no_json(body: str) -> str:
    start = body.lstrip()[:2000]
    if not start:
        return "the reply is empty"
    if re.match(r"(data|event|id|retry)?:", start):
        return "the server sends a stream, which was not asked for"
    if re.match(r"<(!doctype|html|head|body|\?xml)", start, re.IGNORECASE):
        title = re.search(r"<title[^>]*>(.*?)</title>", start, re.IGNORECASE | re.DOTALL)
        return f"the reply is a web page{f' ({sample(title[1])})' if title else ''}, none of a chat API"
    return f"the reply is no JSON: {sample(start)}"


def _text(content: Any) -> str:
    """A message's content: text, or a list of parts with text."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) if isinstance(part, dict) else _text(part) for part in content)
    return content if isinstance(content, str) else ""


def _arguments(message: Mapping[str, Any]) -> Iterable[str]:
    """Those of the tools that are called: some servers put a JSON answer there."""
    calls = message.get("tool_calls")
    called = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    for function in (*called, message.get("function_call")):
        if isinstance(function, dict):
            given = function.get("arguments")
            yield given if isinstance(given, str) else json.dumps(given)


def without_thoughts(text: str, cut: bool = False) -> str:
    """The answer behind what a model thought aloud. Thoughts without an end are the whole rest, if it was cut off."""
    text = THOUGHT_BEFORE.sub("", THOUGHT.sub("", text))
    before, *rest = THINKING.split(text, maxsplit=1)
    return before if rest and cut else before + "".join(rest)


def objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects in a text, the last one first."""
    decoder, found, at = json.JSONDecoder(), [], 0
    text = text[-LONGEST:]
    while (at := text.find("{", at)) >= 0:
        try:
            told, at = decoder.raw_decode(text, at)
            found.append(told)
        except (ValueError, RecursionError):
            at += 1
    return found[::-1]


def grading(text: str, names: Iterable[str]) -> dict[str, dict[str, str]] | None:
    """Mark and reason for each name, of the last JSON object that has them all; None where none has."""
    for told in objects(text):
        while len(told) == 1 and isinstance(inner := next(iter(told.values())), dict) and "mark" not in inner:
            told = inner  # {"grading": {...}}
        known = _folded(told)
        given = {name: _marked(known.get(_fold(name))) for name in names}
        if all(given.values()):
            return {name: answer for name, answer in given.items() if answer}
    return None


def _marked(told: Any) -> dict[str, str] | None:
    known = _folded(told) if isinstance(told, dict) else {}
    mark = MARKS.get(str(known.get("mark")).strip(" .!*\"'\n\t").lower())
    reason = known.get("reason")
    return {"reason": reason, "mark": mark} if mark and isinstance(reason, str) else None


def _folded(told: Mapping[str, Any]) -> dict[str, Any]:
    return {_fold(name): value for name, value in told.items()}


def _fold(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold()
