"""One tutorial's folder, read as text into its types: tutorial.toml, pages, steps, the book's figures."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import msgspec
from deepdive.engine.common.faults import Refusal
from deepdive.engine.lessons.book import read_book
from deepdive.engine.lessons.language import check_claim, check_expression
from deepdive.engine.lessons.pages import PLAIN_NAME, directives
from deepdive.engine.lessons.settings import about, from_function
from deepdive.engine.lessons.source import Broken, Definition, Library, read_text
from deepdive.engine.lessons.training import problem_with
from deepdive.engine.lessons.tutorial import Claim, Exercise, Fit, Function, Page, Prediction, Scale, Step, Tutorial
from deepdive.engine.places.places import parse

PAGE_BYTES = 6000
STEP_KEYS = frozenset(
    ("id", "title", "run", "set", "needs", "scales", "seconds", "seeds", "expect", "sensitive", "fresh", "optional")
)


class Reader:
    """Reads tutorial.toml and what stands beside it. Raises Broken."""

    def __init__(self, folder: Path, file: Path, text: str, table: dict[str, Any]) -> None:
        self.folder, self.file, self.text, self.table = folder, file, text, table

    def line(self, needle: str) -> int:
        """The first line of tutorial.toml that holds `needle`."""
        lines = self.text.split("\n")
        return next((number for number, line in enumerate(lines, 1) if needle in line), 1)

    def broken(self, near: str, what: str) -> Broken:
        return Broken(self.file, self.line(near), what)

    def want(self, table: dict[str, Any], key: str, kind: type, where: str) -> Any:
        if key not in table:
            raise self.broken(where, f"{where}: {key} is missing")
        return self.typed(table, key, kind, where, None)

    def typed(self, table: dict[str, Any], key: str, kind: type | tuple[type, ...], where: str, default: Any) -> Any:
        value = table.get(key, default)
        if key in table and not isinstance(value, kind):
            name = kind.__name__ if isinstance(kind, type) else " or ".join(k.__name__ for k in kind)
            raise self.broken(key, f"{where}: {key} must be of type {name}, it is {value!r}")
        return value

    def tutorial(self) -> Tutorial:
        table = self.table
        if self.want(table, "id", str, "the tutorial") != self.folder.name:
            raise self.broken("id", f"id is {table['id']!r}, the folder is named {self.folder.name!r}")
        head: dict[str, Any] = {
            "id": table["id"],
            "chapter": self.want(table, "chapter", int, "the tutorial"),
            "title": self.want(table, "title", str, "the tutorial"),
            "teaches": self.typed(table, "teaches", str, "the tutorial", ""),
            "needs": self.typed(table, "needs", str, "the tutorial", ""),
            "minutes": self.typed(table, "minutes", (int, float), "the tutorial", None),
            "ready": self.typed(table, "ready", bool, "the tutorial", True),
            "folder": self.folder,
        }
        if not head["ready"]:
            return Tutorial(**head)
        functions, probes = read_functions(self.folder)
        steps = tuple(self.step(entry, functions) for entry in self.typed(table, "step", list, "the tutorial", []))
        ids = [step.id for step in steps]
        for id in ids:
            if ids.count(id) > 1:
                raise self.broken(f'"{id}"', f"two steps are named {id}")
        scales = {name: self.scale(name, entry, steps) for name, entry in table.get("scales", {}).items()}
        if not scales:
            raise self.broken("id", "the tutorial has no [scales.NAME]")
        self.check_needs(steps, ids)
        exercises = tuple(
            Exercise(
                self.want(e, "id", str, "an exercise"), self.want(e, "title", str, "an exercise"), e.get("run", "")
            )
            for e in table.get("exercise", [])
        )
        predictions = tuple(self.prediction(entry, ids) for entry in table.get("prediction", []))
        claims = tuple(self.claim(entry, ids) for entry in table.get("claim", []))
        return Tutorial(
            **head,
            scales=scales,
            steps=steps,
            probes=tuple(probes.values()),
            pages=self.pages(
                ids, {e.id for e in exercises}, {p.id for p in predictions}, [claim.text for claim in claims]
            ),
            book=read_book(self.folder / "book.csv", ids),
            claims=claims,
            predictions=predictions,
            exercises=exercises,
            glossary={str(k): str(v) for k, v in table.get("glossary", {}).items()},
            fits=tuple(self.fit(entry, ids, scales) for entry in self.typed(table, "fit", list, "the tutorial", [])),
            moved=self.moved(),
            architectures=self.architectures(self.typed(table, "architecture", dict, "the tutorial", {})),
        )

    def step(self, entry: dict[str, Any], functions: dict[str, Function]) -> Step:
        id = self.want(entry, "id", str, "[[step]]")
        for key in entry:
            if key not in STEP_KEYS:
                raise self.broken(key, f"step {id}: there is no {key!r}; there is {', '.join(sorted(STEP_KEYS))}")
        name = entry.get("run", id)
        if name not in functions:
            raise self.broken(f'"{name}"', f"step {id}: there is no @step function {name}")
        function = functions[name]
        settings = {setting.name: setting for setting in function.settings}
        fixed = dict(entry.get("set", {}))
        for key, value in fixed.items():
            if key not in settings:
                raise self.broken(key, f"step {id}: {name} has no setting {key}")
            fixed[key] = self.checked(settings[key], value, f"step {id}")
        title = entry.get("title") or function.doc.split("\n")[0].rstrip(".") or id
        rest = {k: v for k, v in entry.items() if k not in ("id", "title", "run", "set", "scales")}
        return Step(id=id, title=title, function=function, fixed=fixed, scales=tuple(entry.get("scales", ())), **rest)

    def checked(self, setting: Any, value: Any, where: str) -> Any:
        try:
            return setting.check(value)
        except Refusal as refusal:
            raise self.broken(setting.name, f"{where}: {refusal}") from refusal

    def check_needs(self, steps: tuple[Step, ...], ids: list[str]) -> None:
        for position, step in enumerate(steps):
            for role, need in step.needs.items():
                if "/" in need:
                    continue
                if need.partition(":")[0] not in ids[:position]:
                    raise self.broken(
                        f'"{need}"', f"step {step.id}: {role} needs {need!r}, no step before it is named so"
                    )

    def check_roles(self, scale: str, roles: dict[str, dict[str, Any]]) -> None:
        for role, table in roles.items():
            try:
                parse(role, table)
            except Refusal as refusal:
                raise self.broken(role, f"scale {scale}: {refusal}") from None

    def scale(self, name: str, entry: dict[str, Any], steps: tuple[Step, ...]) -> Scale:
        by_id = {step.id: step for step in steps}
        settings = {}
        for key, values in entry.items():
            if key == "roles":
                self.check_roles(name, values)
                continue
            if key not in by_id:
                raise self.broken(f"[scales.{name}.{key}]", f"scale {name}: there is no step {key}")
            known = {setting.name: setting for setting in by_id[key].function.settings}
            for setting, value in values.items():
                if setting not in known:
                    raise self.broken(setting, f"scale {name}: step {key} has no setting {setting}")
                values[setting] = self.checked(known[setting], value, f"scale {name}, step {key}")
            settings[key] = dict(values)
        return Scale(name, dict(entry.get("roles", {})), settings)

    def pages(
        self, steps: list[str], exercises: set[str], predictions: set[str], claims: list[str]
    ) -> tuple[Page, ...]:
        known = {"step": set(steps), "exercise": exercises, "predict": predictions}
        pages = []
        for number, path in enumerate(sorted((self.folder / "pages").glob("*.md")), start=1):
            text = read_text(path)
            if len(text.encode()) > PAGE_BYTES:
                raise Broken(path, 1, f"is longer than {PAGE_BYTES:,} bytes: split it in two pages")
            first, _, rest = text.partition("\n")
            if not first.startswith("# "):
                raise Broken(path, 1, "must begin with `# Title`")
            found: dict[str, list[str]] = {"step": [], "exercise": [], "predict": []}
            for kind, argument, line in directives(text):
                if kind == "figure" and not PLAIN_NAME.fullmatch(argument) and (problem := check_expression(argument)):
                    raise Broken(path, line, f"the figure {argument!r}: {problem}")
                if kind == "held" and not any(text.startswith(argument.partition(":")[0].strip()) for text in claims):
                    raise Broken(path, line, f"no claim begins with {argument.partition(':')[0].strip()!r}")
                if kind not in found:
                    continue
                if argument not in known[kind]:
                    raise Broken(path, line, f"names the {kind} {argument!r}, which tutorial.toml does not have")
                found[kind].append(argument)
            if len(found["step"]) > 1:
                raise Broken(path, 1, f"shows {len(found['step'])} steps; a page shows at most one")
            page = Page(
                number,
                first[2:].strip(),
                rest.strip("\n"),
                steps=tuple(found["step"]),
                exercises=tuple(found["exercise"]),
                predictions=tuple(found["predict"]),
            )
            pages.append(page)
        if not pages:
            raise Broken(self.folder / "pages", 1, "has no page (*.md)")
        return tuple(pages)

    def claim(self, entry: dict[str, Any], ids: list[str]) -> Claim:
        text, holds = (self.want(entry, key, str, "[[claim]]") for key in ("text", "holds"))
        step = self.want(entry, "step", str, f"claim {text!r}")
        if step not in ids:
            raise self.broken(text, f"claim {text!r}: there is no step {step}")
        seeds = entry.get("seeds", {})
        claim = Claim(
            step,
            text,
            holds,
            each=entry.get("each", {}),
            least=seeds.get("least", 1),
            on=seeds.get("on", "mean"),
            scale=entry.get("scale", ""),
        )
        if problem := check_claim(claim):
            raise self.broken(text, f"claim {text!r}: {problem}")
        return claim

    def prediction(self, entry: dict[str, Any], ids: list[str]) -> Prediction:
        id, step, ask, kind = (self.want(entry, key, str, "[[prediction]]") for key in ("id", "step", "ask", "kind"))
        if step not in ids:
            raise self.broken(f'"{id}"', f"prediction {id}: there is no step {step}")
        choices, figure = tuple(entry.get("choices", ())), entry.get("figure", "")
        if problem := check_expression(figure or ", ".join(choices)):
            raise self.broken(f'"{id}"', f"prediction {id}: {problem}")
        return Prediction(id, step, ask, kind, choices, figure, entry.get("low"), entry.get("high"))

    def fit(self, entry: dict[str, Any], ids: list[str], scales: dict[str, Scale]) -> Fit:
        name = self.want(entry, "name", str, "[[fit]]")
        step, where = entry.get("step", ""), f"fit {name!r}"
        if step and step not in ids:
            raise self.broken(f'"{name}"', f"{where}: there is no step {step}")
        at = tuple(entry.get("scales", ()))
        for scale in at or scales:
            if scale not in scales:
                raise self.broken(f'"{name}"', f"{where}: there is no scale {scale}")
            if "role" in entry and entry["role"] not in scales[scale].roles:
                raise self.broken(f'"{name}"', f"{where}: the scale {scale} has no role {entry['role']}")
        if "role" not in entry and not step:
            raise self.broken(f'"{name}"', f"{where}: needs a role, or a step with a setting named role")
        values = {key: value for key, value in entry.items() if key not in ("name", "step", "scales")}
        for key, value in values.items():
            if key != "role" and (problem := problem_with(key, value)):
                raise self.broken(f'"{name}"', f"{where}: {problem}")
        return Fit(name, step, at, values)

    def moved(self) -> dict[str, str]:
        """moved.json: runs from before a step's code moved, and only moved, stay what they are."""
        file = self.folder / "moved.json"
        try:
            return msgspec.json.decode(file.read_bytes(), type=dict[str, str]) if file.is_file() else {}
        except msgspec.MsgspecError as error:
            raise Broken(file, 1, f"must map texts to texts: {error}") from error

    def architectures(self, table: dict[str, Any]) -> dict[str, dict[str, Any]]:
        for id, numbers in table.items():
            if not isinstance(numbers, dict) or "model_type" not in numbers or "architectures" not in numbers:
                raise self.broken(f'"{id}"', f"architecture {id}: needs model_type and architectures, as config.json")
        return table


def read_functions(folder: Path) -> tuple[dict[str, Function], dict[str, Function]]:
    """The `@step` and the `@probe` functions of a tutorial, by name. Raises Broken."""
    steps = Library(folder).steps
    found: dict[str, dict[str, Function]] = {"step": {}, "probe": {}}
    for name in steps.names:
        definition = steps.find(name)
        if not isinstance(definition, Definition) or not isinstance(definition.node, ast.FunctionDef):
            continue
        for mark in definition.node.decorator_list:
            if isinstance(mark, ast.Name) and mark.id in found:
                found[mark.id][name] = _function(name, definition, definition.node)
    return found["step"], found["probe"]


def _function(name: str, definition: Definition, node: ast.FunctionDef) -> Function:
    try:
        settings = from_function(node, definition.module.value)
    except ValueError as error:
        raise Broken(definition.module.path, node.lineno, str(error)) from error
    doc = about(ast.get_docstring(node) or "", {setting.name for setting in settings})
    return Function(name, doc, settings, definition.text, definition)
