"""A tutorial's code as text: its steps and probes, and everything of ours that each of them uses.

A tutorial has one `steps.py`, or a folder `steps/` whose `__init__.py` names the steps in order. What a function uses
is followed through the files of that folder and through `engine/methods`; other imports are somebody else's code.
"""

from __future__ import annotations

import ast
import copy
import symtable
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from deepdive.engine.common import folders
from deepdive.engine.common.files import read_whole

METHODS = "deepdive.engine.methods"
FILE_BYTES = 2_000_000


class Broken(Exception):
    """A file of a tutorial is wrong: which, where, how."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(what)
        self.path, self.line, self.what = path, line, what


class Definition:
    """A function, class, assignment or somebody else's import at the top of a file."""

    def __init__(self, module: Module, node: ast.stmt) -> None:
        self.module, self.node = module, node

    @property
    def text(self) -> str:
        """What the learner reads: a function without its decorators."""
        return "\n".join(self.module.source.split("\n")[self.node.lineno - 1 : self.node.end_lineno])

    @property
    def bare(self) -> ast.stmt:
        """Without what is there for the reader alone: docstrings, annotations of parameters."""
        return self.module.bare[self.node.lineno]

    @cached_property
    def computes(self) -> ast.stmt:
        """`bare`, and of a step without its defaults: its settings are in the digest themselves."""
        node = copy.copy(self.bare)
        if isinstance(node, ast.FunctionDef):
            node.args = copy.copy(node.args)
            node.args.defaults, node.args.kw_defaults = [], [None for _ in node.args.kwonlyargs]
        return node

    @cached_property
    def texts(self) -> frozenset[str]:
        """The texts that stand in it, annotations included."""
        nodes = ast.walk(self.node)
        return frozenset(n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))

    @lru_cache  # noqa: B019 - a definition lives as long as its library
    def part(self, which: Which) -> Part:
        """The text of the definition or of a part of it, and what that uses at the top of files of ours."""
        node = {"whole": self.node, "bare": self.bare, "computes": self.computes}[which]
        text = ast.unparse(node)
        names = _free(text)
        used = {name: one for name in names if isinstance(one := self.module.find(name), Definition)}
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id in names:
                home = self.module.find(inner.value.id)
                if isinstance(home, Module) and isinstance(inside := home.find(inner.attr), Definition):
                    used[inner.attr] = inside
        return Part(text, used)


Which = Literal["whole", "bare", "computes"]


@dataclass(frozen=True)
class Part:
    """A definition as text, and the definitions that it uses by their names."""

    text: str
    uses: dict[str, Definition]


def _free(text: str) -> set[str]:
    """The names in a statement at the top that are no local variables of it."""
    found: set[str] = set()
    waiting = [symtable.symtable(text, "", "exec")]
    while waiting:
        table = waiting.pop()
        top = table.get_type() == "module"
        found |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_global() or (top and symbol.is_referenced())
        }
        waiting += table.get_children()
    return found


class Library:
    """The files of one tutorial's code, each read once."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the tutorial's. Raises Broken where it has no steps."""
        self._modules: dict[Path, Module] = {}
        package = folder / "steps" / "__init__.py"
        self.steps = self.module(package if package.is_file() else folder / "steps.py")
        checked = 0
        while checked < len(self._modules):  # an import leads to files with imports of their own
            list(self._modules.values())[checked].check()
            checked += 1

    def module(self, path: Path) -> Module:
        """Raises Broken."""
        if path not in self._modules:
            self._modules[path] = Module(self, path)
        return self._modules[path]


class Module:
    """One file."""

    def __init__(self, library: Library, path: Path) -> None:
        self.library, self.path = library, path
        self.source = read_text(path)
        self._found: dict[str, Definition | Module | None] = {}
        self._definitions: dict[int, Definition] = {}  # by line: one assignment may define several names
        try:
            self.tree = ast.parse(self.source)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            raise Broken(path, line, f"is not valid Python: {getattr(error, 'msg', error)}") from error

    @cached_property
    def bare(self) -> dict[int, ast.stmt]:
        """What stands at the top, by line, as `Definition.bare` tells it; read anew, because copying takes longer."""
        return {node.lineno: node for node in _Bare().visit(ast.parse(self.source)).body}

    @cached_property
    def names(self) -> dict[str, ast.stmt]:
        """What is defined or imported at the top, by name."""
        return {name: node for node in self.tree.body for name in _defined(node)}

    def find(self, name: str) -> Definition | Module | None:
        """What a name stands for: through our own files to where it is defined. Raises Broken."""
        if name not in self._found:
            self._found[name] = self._find(name, self.names[name]) if name in self.names else None
        return self._found[name]

    def _find(self, name: str, node: ast.stmt) -> Definition | Module | None:
        if not isinstance(node, ast.ImportFrom) or (folder := self._folder_of(node)) is None:
            return self._definitions.setdefault(node.lineno, Definition(self, node))
        original = next(alias.name for alias in node.names if (alias.asname or alias.name) == name)
        if (file := folder / f"{original}.py").is_file():
            return self.library.module(file)
        home = folder.with_suffix(".py") if not folder.is_dir() else folder / "__init__.py"
        if not home.is_file():
            raise Broken(self.path, node.lineno, f"imports from {home.name}, which is missing")
        if (found := self.library.module(home).find(original)) is None:
            raise Broken(self.path, node.lineno, f"imports {original} from {home.name}, which does not define it")
        return found

    def check(self) -> None:
        """Follow every import of our own. Raises Broken for one that leads nowhere."""
        for name in self.names:
            self.find(name)

    def _folder_of(self, node: ast.ImportFrom) -> Path | None:
        """The file (without its ending) or the folder that an import of our own names; None for somebody else's."""
        inner = (node.module or "").split(".") if node.module else []
        if node.level:
            return self.path.parents[node.level - 1].joinpath(*inner)
        if node.module == METHODS or (node.module or "").startswith(f"{METHODS}."):
            return folders.ENGINE.joinpath(*inner[2:])
        return None

    def value(self, name: str) -> ast.expr | None:
        """What is assigned to a name at the top, here or where it is imported from."""
        found = self.find(name)
        if isinstance(found, Definition) and isinstance(found.node, ast.Assign | ast.AnnAssign):
            return found.node.value
        return None


def read_text(path: Path) -> str:
    """The text of a tutorial's file. Raises Broken."""
    try:
        data = read_whole(path, FILE_BYTES)
    except FileNotFoundError:
        raise Broken(path, 1, "is missing") from None
    except OSError as error:
        raise Broken(path, 1, f"can't be read: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Broken(path, line, "is not UTF-8 text") from error


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    return []


# ---- what a function uses -----------------------------------------------------------------------------------------


def closure(start: Definition) -> str:
    """What a step computes with, as text: the same wherever it stands.

    Comments, layout, docstrings, annotations of parameters, the step's own defaults and the order of definitions don't
    count, and of somebody else's import only the name that is used does. Raises Broken.
    """
    parts = _reached(start, lambda one: one.part("computes" if one is start else "bare")).values()
    imported = {_import_of(one.node, name) for part in parts for name, one in part.uses.items() if _is_import(one.node)}
    return "\n".join([*sorted(imported), *sorted(part.text for part in parts)])


def texts(start: Definition) -> frozenset[str]:
    """Every text that stands in `start` and in what it uses, annotations and defaults included. Raises Broken."""
    return frozenset(text for one in _reached(start, lambda one: one.part("whole")) for text in one.texts)


def _reached(start: Definition, part: Callable[[Definition], Part]) -> dict[Definition, Part]:
    """`start` and everything of ours that the `part` of each of them uses, directly or not."""
    found: dict[Definition, Part] = {}
    waiting = [start]
    while waiting:
        definition = waiting.pop()
        if definition not in found and not _is_import(definition.node):
            found[definition] = part(definition)
            waiting += found[definition].uses.values()
    return found


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _import_of(node: ast.stmt, name: str) -> str:
    """The import of one name alone."""
    assert isinstance(node, ast.Import | ast.ImportFrom)
    alias = next(a for a in node.names if (a.asname or a.name).partition(".")[0] == name)
    one = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], node.level)
    return ast.unparse(one)


class _Bare(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.returns = None
        node.body = _without_docstring(node.body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return (body[1:] or [ast.Pass()]) if told else body
