"""A real OpenAI-compatible server on loopback: HTTP, JSON, bearer keys, and the failures that real ones have."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def marks(**given: str) -> Answer:
    """A judge that gives these marks, whatever it reads."""
    return lambda asked: {name: {"reason": f"because of {name}", "mark": mark} for name, mark in given.items()}


def spoken(change: Callable[[str], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A mood that changes the message, by its content."""

    def changed(reply: dict[str, Any]) -> dict[str, Any]:
        message = reply["choices"][0]["message"]
        message |= change(message["content"])
        return reply

    return changed


def _called(content: str) -> dict[str, Any]:
    function = {"name": "grading", "arguments": content}
    return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": function}]}


GRADINGS: dict[str, Callable[[dict[str, Any]], Any]] = {  # in another form
    "thoughts": spoken(lambda said: {"content": f'<think>a {{"customer": 1}} ...</think>\n{said}'}),
    "thoughts not opened": spoken(lambda said: {"content": f"I wonder ... </think>{said}"}),
    "thoughts not closed": spoken(lambda said: {"content": f"<think>I wonder ... {said}"}),
    "fenced": spoken(lambda said: {"content": f"Sure:\n```json\n{said}\n```\nDone {{so}}."}),
    "parts": spoken(lambda said: {"content": [{"type": "text", "text": said[:9]}, {"type": "text", "text": said[9:]}]}),
    "tool": spoken(_called),
    "loud": spoken(lambda said: {"content": said.replace("customer", "Customer").replace('"yes"', '"Yes."')}),
    "numbers": spoken(lambda said: {"content": said.replace('"yes"', "1").replace('"no"', '"0"')}),
    "in thousandths": lambda reply: {**reply, "created": reply["created"] * 1000},
}
NO_GRADINGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "thoughts only": spoken(lambda said: {"content": "", "reasoning_content": said}),
    "not": spoken(lambda said: {"content": "Yes."}),
    "page": lambda reply: b"<!DOCTYPE html><title>Sign in</title>",
    "nothing": lambda reply: b"",
    "other json": lambda reply: [1, 2],
    "no choices": lambda reply: {**reply, "choices": None},
    "error": lambda reply: {"error": {"message": "the model crashed"}},
    "stream": lambda reply: b"data: " + json.dumps(reply).encode() + b"\n\ndata: [DONE]\n\n",
    "deep": lambda reply: b"[" * 100_000,
}
MOODS = GRADINGS | NO_GRADINGS


@dataclass
class Judge:
    """`troubles` are answered first, in turn: a status, or "garbage", "refusal", "no json", "empty", "quota" (429 for
    want of money), "temperature" (a model that takes none), "echo" (the key in the answer), "silent" (no answer), or a
    mood: what becomes of a reply (MOODS). `always` is answered when there are no more."""

    answer: Answer
    troubles: list[int | str] = field(default_factory=list)
    always: int | str | None = None
    key: str = "sk-loopback"
    models: dict[str, str | None] = field(default_factory=lambda: {"judge-1": None})  # name: shutdown date
    lists: bool = True  # whether it tells of its models
    usage: Any = (100, 20)  # a pair, or what is sent in its place
    seconds: float = 0.0  # each answer takes
    retry_after: float = 0.02  # seconds, told with each status
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # when each was asked
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def trouble(self) -> int | str | None:
        with self.lock:
            return self.troubles.pop(0) if self.troubles else self.always


@contextmanager
def serve(judge: Judge) -> Iterator[Judge]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def send(self, status: int, body: dict[str, Any] | bytes, **headers: str) -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def refused(self) -> bool:
            judge.keys.append(self.headers.get("Authorization", ""))
            if judge.keys[-1] == f"Bearer {judge.key}":
                return False
            self.send(401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}})
            return True

        def missing(self, model: str) -> None:
            error = {"message": f"The model `{model}` does not exist", "code": "model_not_found"}
            self.send(404, {"error": error})

        def do_GET(self) -> None:
            if not self.refused():
                self.tell_models()

        def tell_models(self) -> None:
            listed = [
                {"id": name, "object": "model", "created": 1, "owned_by": "loopback", "shutdown_date": date}
                for name, date in judge.models.items()
            ]
            name = self.path.rpartition("/")[2]
            found = next((model for model in listed if model["id"] == name), None)
            if not judge.lists:
                self.send(404, {"error": {"message": f"Unexpected endpoint or method. (GET {self.path})"}})
            elif self.path == "/v1/models":
                self.send(200, {"object": "list", "data": listed})
            elif found:
                self.send(200, found)
            else:
                self.missing(name)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.refused():
                return
            if asked["model"] not in judge.models:
                self.missing(asked["model"])
            else:
                self.grade(asked, judge.trouble())

        def grade(self, asked: dict[str, Any], trouble: int | str | None) -> None:
            with judge.lock:
                judge.asked.append(asked)
                judge.times.append(time.monotonic())
            time.sleep(judge.seconds)
            if isinstance(trouble, int):
                body = {"error": {"message": f"trouble {trouble}"}}
                self.send(trouble, body, Retry_After=str(judge.retry_after))
            elif trouble == "quota":
                self.send(429, {"error": {"message": "You exceeded your quota.", "code": "insufficient_quota"}})
            elif trouble == "temperature" and "temperature" in asked:
                judge.troubles.insert(0, trouble)
                error = {"message": "Unsupported value", "param": "temperature", "code": "unsupported_value"}
                self.send(400, {"error": error})
            elif trouble == "silent":
                time.sleep(30)
            elif trouble == "no json":
                self.send(200, b"<html>proxy</html>")
            elif trouble == "redirect":
                self.send(307, b"", Location="http://judge.invalid/v1/chat/completions")
            elif trouble in MOODS:
                told = MOODS[trouble](self.completion(asked, None))
                self.send(200, told if isinstance(told, bytes) else json.dumps(told).encode())
            else:
                self.send(200, self.completion(asked, trouble))

        def completion(self, asked: dict[str, Any], trouble: str | None) -> dict[str, Any]:
            content = "I would say yes!" if trouble == "garbage" else json.dumps(judge.answer(asked))
            message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
            if trouble == "echo":
                answer = {name: {"reason": f"you sent {judge.key}", "mark": "yes"} for name in judge.answer(asked)}
                message["content"] = json.dumps(answer)
            if trouble == "empty":
                message["content"] = None
            if trouble == "refusal":
                message = {"role": "assistant", "content": None, "refusal": "I can't grade this."}
            usage = judge.usage
            if isinstance(usage, tuple):
                usage = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
            choice = {"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}
            head = {"id": "c", "object": "chat.completion", "created": 1_795_000_000, "model": asked["model"]}
            return {**head, "choices": [choice], "usage": usage}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    judge.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield judge
    finally:
        server.shutdown()
        server.server_close()
