"""Failures that are explained to the learner instead of shown as a traceback."""

from __future__ import annotations

from deepdive.engine.common.masking import masked


class Fault(Exception):
    """Something went wrong that we can name.

    `cause` says what happened and why, `action` what to do next, `detail` carries the raw message of a library.
    """

    def __init__(self, cause: str, action: str = "", detail: str = "") -> None:
        self.cause, self.action, self.detail = masked(cause), masked(action), masked(detail)
        super().__init__(self.cause)

    def __str__(self) -> str:
        return f"{self.cause}. {self.action}".rstrip(". ") + "." if self.action else self.cause


class Refusal(Fault):
    """The request itself is wrong: exit code 2, nothing was started, nothing was lost."""

    def __init__(self, setting: str, why: str, allowed: str = "") -> None:
        super().__init__(f"{setting}: {why}" if setting else why, f"Allowed: {allowed}" if allowed else "")
        self.setting = setting
        self.why = masked(why)
        self.allowed = allowed
