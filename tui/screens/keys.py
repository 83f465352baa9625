"""Keys: what each is for, whether it works, where it is stored, what to do next. A key is shown to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.services import SERVICES
from deepdive.engine.common.untrusted import visible
from deepdive.engine.keys import finding
from deepdive.engine.keys.checks import Verdict, check
from deepdive.engine.keys.finding import Found, Survey, Where
from deepdive.engine.keys.secret import Secret
from deepdive.tui.commands import Facts
from deepdive.tui.shown.ink import MUTED, STRONG, TEXT, Ink
from deepdive.tui.shown.lines import Line, fit, shorten, spread
from deepdive.tui.widgets.drawn import Drawn
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from .confirm import ConfirmScreen
from .frame import DeepScreen

NAMES = list(SERVICES)
SIGNS: dict[str, tuple[str, str]] = {
    "works": ("✓ works", "held"),
    "refused": ("✗ not accepted", "failed"),
    "expired": ("≠ expired", "stale"),
    "unknown": ("≠ not reached", "stale"),
    "checking": ("● checking …", "training"),
    "set": ("○ not checked", "text-3"),
    "not set": ("○ not set", "text-3"),
}
WHERE: dict[Where, tuple[str, str]] = {
    "keyring": ("the system keyring", "It stays there until you delete it."),
    "session": ("this session only", "It is kept in memory and forgotten when you leave."),
    "file": ("an encrypted file", "A passphrase locks it; it is asked once a session."),
}
TRUST = "A key is shown to nobody: not in logs, events, exports or to a step that did not ask for it."
ROWS = 4  # of one service in the list, with the blank line after it


class KeyList(Drawn, can_focus=True):
    """The three services; a bar stands on one."""

    BINDINGS = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.chosen = 0
        self.survey: Survey | None = None
        self.verdicts: dict[str, Verdict] = {}
        self.checking: set[str] = set()

    @property
    def name_chosen(self) -> str:
        return NAMES[self.chosen]

    def rows_needed(self, width: int) -> int:
        return ROWS * len(NAMES) - 1

    def draw(self, width: int, height: int) -> list[Line]:
        lines: list[Line] = []
        for at, name in enumerate(NAMES):
            back = "card" if at == self.chosen else ""
            bar = ("▌ " if at == self.chosen else "  ", Ink("accent", back=back))
            for text in self._told(name, width - 3):
                inked = [(words, ink._replace(back=back)) for words, ink in text]
                lines.append(fit([bar, *inked, (" " * width, Ink(back=back))], width))
            lines.append(fit([], width))
        return lines[:-1]

    def _told(self, name: str, width: int) -> list[Line]:
        """Three lines: name, state and what it may; what it is about; what to do next."""
        found = self.survey.found[name] if self.survey else None
        verdict = self.verdicts.get(name)
        state, color = SIGNS[self._state(found, verdict, name)]
        place = " ".join(part for part in (found.last, found.place) if part) if found and found.where != "none" else ""
        column = max(17, min(20, width // 4))
        left = [(f"{SERVICES[name].title:{column}}", STRONG), (state, Ink(color, bold=True))]
        if found is None:
            left = [left[0], ("looking …", MUTED)]
        if verdict and verdict.state == "works" and (who := " for " + verdict.who if verdict.who else ""):
            left.append((who, TEXT))
        if verdict and verdict.may:
            left.append((f"   {verdict.may}", TEXT))
        about = verdict.says if verdict and verdict.says and verdict.state != "not set" else SERVICES[name].uses
        action = verdict.action if verdict else found.next if found else ""
        if not action and place:
            action = f"stored in: {place}"
            place = ""
        return [
            spread(left, [(place, MUTED)] if place else [], width),
            ((shorten(visible(about, newlines=False), width), MUTED),),
            ((shorten(visible(action, newlines=False), width), MUTED),),
        ]

    def _state(self, found: Found | None, verdict: Verdict | None, name: str) -> str:
        if name in self.checking:
            return "checking"
        if found is None or found.where == "none":
            return "not set"
        return verdict.state if verdict else "set"

    def action_move(self, steps: int) -> None:
        self.chosen = max(0, min(len(NAMES) - 1, self.chosen + steps))
        self.redraw()
        if isinstance(self.screen, KeysScreen):
            self.screen.tell()

    def on_click(self, event: events.Click) -> None:
        self.action_move(event.y // ROWS - self.chosen)


class SecretInput(Input):
    """A masked entry that can't be copied out of."""

    BINDINGS = [Binding("escape", "screen.put_away", "back", show=False)]

    def __init__(self) -> None:
        super().__init__(password=True, compact=True, select_on_focus=False)

    def action_copy(self) -> None:
        """Nothing of it goes to a clipboard."""

    def action_cut(self) -> None:
        """Nothing of it goes to a clipboard."""


class KeysScreen(DeepScreen):
    """Set, check and delete keys. Whatever asks a keyring or a service does so in a thread, with an end in sight."""

    KIND = "keys"
    CSS_PATH = "keys.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.list = KeyList()
        self.where: Where = "session"
        self.passphrase = False  # the entry asks for the encrypted file's passphrase
        self.once: Secret | None = None  # a new file's, to be typed a second time
        self.undo: tuple[str, str, Where] | None = None

    def content(self) -> ComposeResult:
        need = ("No key is needed at pocket scale.", "$text-1")
        yield Static(
            Content.assemble(need, (" They are for the book's models and judges.", "$text-3")), id="why", markup=False
        )
        yield self.list
        with Horizontal(id="entry"):
            yield Static("New value", id="label", markup=False)
            yield SecretInput()
            yield Static("", id="note", markup=False)
        yield Static("", id="trust", markup=False)

    def on_mount(self) -> None:
        self.header.show(place="Keys", machine="looking for a keyring …")
        self.list.focus()
        self.tell()
        self.action_look_again()

    @property
    def found(self) -> Found | None:
        return self.list.survey.found[self.list.name_chosen] if self.list.survey else None

    @property
    def entry(self) -> SecretInput:
        return self.query_one(SecretInput)

    def facts(self) -> Facts:
        found, facts = self.found, set()
        if found is not None:
            facts.add("looked")
            if found.where in ("session", "keyring", "file"):
                facts.add("ours")
            if found.where != "none":
                facts.add("set")
            if found.where == "file" and found.secret is None:
                facts.add("locked")
        if self.undo is not None:
            facts.add("undo")
        return frozenset(facts)

    def tell(self) -> None:
        """Bring everything but the list up to date."""
        survey = self.list.survey
        place, about = WHERE[self.where]
        if survey is not None:
            keyring = survey.keyring.says if survey.keyring.works else "no usable keyring"
            self.header.show(place="Keys", machine=keyring if self.where != "file" else "encrypted file")
        asked = "Once more" if self.once else "Passphrase" if self.passphrase else "New value"
        self.query_one("#label", Static).update(asked)
        self.query_one("#note", Static).update("of the encrypted file" if self.passphrase else "checked before stored")
        lines = [f"{TRUST} A new one goes to {place}. {about}"]
        if survey is not None and not survey.keyring.works:
            lines.insert(0, f"{visible(survey.keyring.says[:1].upper() + survey.keyring.says[1:])}. w: other places.")
        self.query_one("#trust", Static).update(Content("\n".join(lines)))
        self.keys_changed()

    # ---- looking and checking -------------------------------------------------------------------------------------
    def action_look_again(self) -> None:
        self.run_worker(self._look(), group="look", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        first = self.list.survey is None
        try:
            self.list.survey = await asyncio.to_thread(finding.survey)
        except Fault as fault:
            self._complain(fault)
            return
        if first or self.where not in self.list.survey.storable:
            self.where = self.list.survey.storable[0]
        self.list.redraw()
        self.tell()

    def action_check(self) -> None:
        if (found := self.found) is not None:
            self.run_worker(self._check(found), group="check", exit_on_error=False)

    async def _check(self, found: Found) -> Verdict:
        name = found.service.name
        self.list.checking.add(name)
        self.list.redraw()
        try:
            verdict = await asyncio.to_thread(check, found)
        finally:
            self.list.checking.discard(name)
        self.list.verdicts[name] = verdict
        self.list.redraw()
        return verdict

    # ---- setting --------------------------------------------------------------------------------------------------
    def action_set_key(self) -> None:
        self.entry.focus()

    def action_put_away(self) -> None:
        self.entry.clear()
        self.passphrase, self.once = False, None
        self.list.focus()
        self.tell()

    def action_where_stored(self) -> None:
        if (survey := self.list.survey) is not None:
            places = survey.storable
            self.where = places[(places.index(self.where) + 1) % len(places)]
            self.tell()

    def action_unlock(self) -> None:
        self.passphrase = True
        self.tell()
        self.entry.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        value, name = Secret(event.value), self.list.name_chosen  # no traceback shows it
        event.input.clear()
        if self.passphrase:
            self.run_worker(self._unlock(value), group="store", exit_on_error=False)
        else:
            self.run_worker(self._store(name, value, self.where), group="store", exit_on_error=False)

    async def _store(self, name: str, value: str, where: Where) -> None:
        """Check a new value; store it unless the service refuses it."""
        try:
            secret = finding.cleaned(name, value)
            if where == "file" and not finding.vault().open:
                self.action_unlock()
                self.notify("give the encrypted file a passphrase first, then the key", timeout=8)
                return
            self.list.focus()
            verdict = await self._check(Found(SERVICES[name], "session", "", secret))
            if verdict.state in ("refused", "expired"):
                raise Fault(f"{verdict.says}; nothing was stored", verdict.action)
            await asyncio.to_thread(finding.put, name, secret, where)
        except Fault as fault:
            self.list.verdicts.pop(name, None)
            self._complain(fault)
        else:
            unchecked = "" if verdict.state == "works" else ", unchecked"
            self.notify(f"stored in {WHERE[where][0]}{unchecked}", timeout=4)
            self.undo = None
        await self._look()

    async def _unlock(self, passphrase: Secret) -> None:
        once, self.once = self.once, None
        try:
            if once is None and not finding.vault().names:
                self.once = passphrase
                return
            if once is not None and once != passphrase:
                raise Fault("the two are not the same", "Type it twice again")
            await asyncio.to_thread(finding.vault().unlock, passphrase)
        except Fault as fault:
            self._complain(fault)
            return
        finally:
            self.tell()
        self.action_put_away()
        await self._look()

    # ---- deleting -------------------------------------------------------------------------------------------------
    def action_delete_key(self) -> None:
        if (found := self.found) is None or found.where not in ("session", "keyring", "file"):
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._delete(found), group="store", exit_on_error=False)

        words = f"Delete the key {found.last} of {found.service.title} from {found.place}?"
        self.app.push_screen(ConfirmScreen(" ".join(words.split()), "delete"), answered)

    async def _delete(self, found: Found) -> None:
        if await self._quietly(lambda: finding.delete(found)):
            name = found.service.name
            self.list.verdicts.pop(name, None)
            self.undo = (name, found.secret, found.where) if found.secret else None
            self.notify("deleted" + ("; z puts it back" if self.undo else ""), timeout=6)
        await self._look()

    def action_undo_delete(self) -> None:
        if self.undo is not None:
            name, value, where = self.undo
            self.undo = None
            self.run_worker(self._put_back(name, value, where), group="store", exit_on_error=False)

    async def _put_back(self, name: str, value: str, where: Where) -> None:
        await self._quietly(lambda: finding.put(name, value, where))
        await self._look()

    async def _quietly(self, call: Callable[[], Any]) -> bool:
        try:
            await asyncio.to_thread(call)
        except Fault as fault:
            self._complain(fault)
            return False
        return True

    def _complain(self, fault: Fault) -> None:
        self.notify(visible(str(fault)), severity="error", timeout=10, markup=False)
