"""One tutorial's folder, read as text into its types: tutorial.toml, pages, steps, the book's figures."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import TypeVar

import msgspec
from deepdive.engine.common.faults import Refusal
from deepdive.engine.lessons import schema
from deepdive.engine.lessons.book import read_book
from deepdive.engine.lessons.language import check_claim, check_expression
from deepdive.engine.lessons.pages import PLAIN_NAME, directives
from deepdive.engine.lessons.schema import (
    ArchitectureTable,
    ClaimTable,
    File,
    FitTable,
    Head,
    PredictionTable,
    StepTable,
    Table,
)
from deepdive.engine.lessons.settings import Setting, about, from_function
from deepdive.engine.lessons.source import Broken, Definition, Library, read_text
from deepdive.engine.lessons.training import problem_with
from deepdive.engine.lessons.tutorial import Claim, Exercise, Fit, Function, Page, Prediction, Scale, Step, Tutorial
from deepdive.engine.places.places import Columns, parse

PAGE_BYTES = 6000
MOST_CASES = 1000  # of one claim
T = TypeVar("T")


class Reader:
    """Reads tutorial.toml and what stands beside it. Raises Broken."""

    def __init__(self, folder: Path, file: Path, text: str, table: Table) -> None:
        self.folder, self.file, self.text, self.table = folder, file, text, table

    def broken(self, what: str, *path: str | int) -> Broken:
        """`path` leads to the place in tutorial.toml: step, 3, seconds."""
        return Broken(self.file, schema.line_of(self.text, path), what)

    def convert(self, table: Table, kind: type[T], where: str, *path: str | int) -> T:
        try:
            return schema.convert(table, kind, *path)
        except schema.Wrong as wrong:
            names = [part for part in wrong.path[len(path) :] if isinstance(part, str)]
            entry = self.named(wrong.path)
            inside = ".".join(names[1 if entry else 0 :])
            what = str(wrong) if not inside or "`" + names[-1] + "`" in str(wrong) else f"{inside}: {wrong}"
            raise self.broken(f"{entry or where}: {what}", *wrong.path) from wrong

    def named(self, path: tuple[str | int, ...]) -> str:
        """The entry that `path` leads into, by its own name: step numbers."""
        match path:
            case (str(kind), int(index), *_):
                entry = self.table[kind][index]
                known = entry if isinstance(entry, dict) else {}
                return f"{kind} {next((known[key] for key in ('id', 'text', 'name') if key in known), index + 1)}"
        return ""

    def tutorial(self) -> Tutorial:
        head = self.convert(self.table, Head, "the tutorial")
        if head.id != self.folder.name:
            raise self.broken(f"id is {head.id!r}, the folder is named {self.folder.name!r}", "id")
        said = {**msgspec.structs.asdict(head), "folder": self.folder}
        if not head.ready:
            return Tutorial(**said)
        file = self.convert(self.table, File, "the tutorial")
        functions, probes = read_functions(self.folder)
        steps = tuple(self.step(at, entry, functions) for at, entry in enumerate(file.step))
        ids = [step.id for step in steps]
        self.check_needs(steps)
        scales = {name: self.scale(name, tables, steps) for name, tables in file.scales.items()}
        if not scales:
            raise self.broken("the tutorial has no [scales.NAME]", "id")
        for at, step in enumerate(steps):
            self.check_scales(f"step {step.id}", step.scales, scales, "step", at, "scales")
        self.check_twice("exercise", [entry.id for entry in file.exercise])
        self.check_twice("prediction", [entry.id for entry in file.prediction])
        predictions = tuple(self.prediction(at, entry, ids) for at, entry in enumerate(file.prediction))
        claims = tuple(self.claim(at, entry, ids, scales) for at, entry in enumerate(file.claim))
        exercises = tuple(Exercise(entry.id, entry.title, entry.run) for entry in file.exercise)
        return Tutorial(
            **said,
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
            glossary=file.glossary,
            fits=tuple(self.fit(at, entry, ids, scales) for at, entry in enumerate(file.fit)),
            moved=self.moved(),
            architectures=self.architectures(file.architecture),
        )

    def check_twice(self, kind: str, names: list[str]) -> None:
        for at, name in enumerate(names):
            if name in names[:at]:
                raise self.broken(f"two {kind}s are named {name}", kind, at, "id")

    def check_scales(self, where: str, named: tuple[str, ...], scales: dict[str, Scale], *path: str | int) -> None:
        for scale in named:
            if scale not in scales:
                raise self.broken(f"{where}: there is no scale {scale}; there is {', '.join(scales)}", *path)

    def step(self, at: int, entry: StepTable, functions: dict[str, Function]) -> Step:
        name = entry.run or entry.id
        where = f"step {entry.id}"
        if name not in functions:
            raise self.broken(f"{where}: there is no @step function {name}", "step", at, "run" if entry.run else "id")
        function = functions[name]
        fixed = self.settings(function, entry.set, where, "step", at, "set")
        title = entry.title or function.doc.split("\n")[0].rstrip(".") or entry.id
        rest = {n: v for n, v in msgspec.structs.asdict(entry).items() if n not in ("id", "title", "run", "set")}
        return Step(id=entry.id, title=title, function=function, fixed=fixed, **rest)

    def settings(self, function: Function, values: Table, where: str, *path: str | int) -> Table:
        """The values that a table gives to settings of a function."""
        known: dict[str, Setting] = {setting.name: setting for setting in function.settings}
        checked = {}
        for name, value in values.items():
            if name not in known:
                raise self.broken(f"{where}: {function.name} has no setting {name}", *path, name)
            try:
                checked[name] = known[name].check(value)
            except Refusal as refusal:
                raise self.broken(f"{where}: {refusal}", *path, name) from refusal
        return checked

    def check_needs(self, steps: tuple[Step, ...]) -> None:
        ids = [step.id for step in steps]
        self.check_twice("step", ids)
        for at, step in enumerate(steps):
            for role, need in step.needs.items():
                if "/" not in need and need.partition(":")[0] not in ids[:at]:
                    what = f"step {step.id}: {role} needs {need!r}, no step before it is named so"
                    raise self.broken(what, "step", at, "needs")

    def scale(self, name: str, tables: Table, steps: tuple[Step, ...]) -> Scale:
        by_id = {step.id: step for step in steps}
        inside = {
            id: self.convert(table, Table, f"scale {name}, {id}", f"scales.{name}", id) for id, table in tables.items()
        }
        roles = inside.pop("roles", {})
        for role, table in roles.items():
            try:
                parse(role, self.convert(table, Table, f"scale {name}, role {role}", f"scales.{name}.roles", role))
            except Refusal as refusal:
                raise self.broken(f"scale {name}: {refusal}", f"scales.{name}.roles", role) from None
        columns = self.convert(
            inside.pop("columns", {}), dict[str, Columns], f"scale {name}, columns", f"scales.{name}.columns"
        )
        for role in columns:
            if role not in roles:
                raise self.broken(f"scale {name}: there is no role {role}", f"scales.{name}.columns", role)
        settings = {}
        for id, values in inside.items():
            if id not in by_id:
                raise self.broken(f"scale {name}: there is no step {id}", f"scales.{name}.{id}")
            where = f"scale {name}, step {id}"
            settings[id] = self.settings(by_id[id].function, values, where, f"scales.{name}.{id}")
        return Scale(name, roles, settings, columns)

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

    def claim(self, at: int, entry: ClaimTable, ids: list[str], scales: dict[str, Scale]) -> Claim:
        where = f"claim {entry.text!r}"
        if entry.step not in ids:
            raise self.broken(f"{where}: there is no step {entry.step}", "claim", at, "step")
        self.check_scales(where, (entry.scale,) if entry.scale else (), scales, "claim", at, "scale")
        if math.prod(map(len, entry.each.values())) > MOST_CASES:
            raise self.broken(f"{where}: each has more than {MOST_CASES:,} cases", "claim", at, "each")
        claim = Claim(
            entry.step,
            entry.text,
            entry.holds,
            each=self.table["claim"][at].get("each", {}),  # as written: 8 stays a whole number
            least=entry.seeds.least,
            on=entry.seeds.on,
            scale=entry.scale,
        )
        if problem := check_claim(claim):
            raise self.broken(f"{where}: {problem}", "claim", at, "holds")
        return claim

    def prediction(self, at: int, entry: PredictionTable, ids: list[str]) -> Prediction:
        where = f"prediction {entry.id}"
        if entry.step not in ids:
            raise self.broken(f"{where}: there is no step {entry.step}", "prediction", at, "step")
        if not entry.figure and (entry.kind == "number" or not entry.choices):
            raise self.broken(
                f"{where}: needs a figure{'' if entry.kind == 'number' else ' or choices'}", "prediction", at
            )
        if problem := check_expression(entry.figure or ", ".join(entry.choices)):
            raise self.broken(f"{where}: {problem}", "prediction", at)
        return Prediction(**msgspec.structs.asdict(entry))

    def fit(self, at: int, table: Table, ids: list[str], scales: dict[str, Scale]) -> Fit:
        entry = self.convert(table, FitTable, "the tutorial", "fit", at)
        where = f"fit {entry.name!r}"
        if entry.step and entry.step not in ids:
            raise self.broken(f"{where}: there is no step {entry.step}", "fit", at, "step")
        self.check_scales(where, entry.scales, scales, "fit", at, "scales")
        for scale in entry.scales or scales:
            if entry.role and entry.role not in scales[scale].roles:
                raise self.broken(f"{where}: the scale {scale} has no role {entry.role}", "fit", at, "role")
        if not entry.role and not entry.step:
            raise self.broken(f"{where}: needs a role, or a step with a setting named role", "fit", at)
        values = {key: value for key, value in table.items() if key not in ("name", "step", "scales")}
        for key, value in values.items():
            if key != "role" and (problem := problem_with(key, value)):
                raise self.broken(f"{where}: {problem}", "fit", at, key)
        return Fit(entry.name, entry.step, entry.scales, values)

    def moved(self) -> dict[str, str]:
        """moved.json: runs from before a step's code moved, and only moved, stay what they are."""
        file = self.folder / "moved.json"
        try:
            return msgspec.json.decode(read_text(file), type=dict[str, str]) if file.exists() else {}
        except msgspec.MsgspecError as error:
            raise Broken(file, 1, f"must map texts to texts: {error}") from error

    def architectures(self, tables: dict[str, Table]) -> dict[str, Table]:
        for id, numbers in tables.items():
            self.convert(numbers, ArchitectureTable, f"architecture {id}", "architecture", id)
        return tables


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
