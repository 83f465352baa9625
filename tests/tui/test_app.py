"""The whole interface on a screen, over runs that are written as a worker would write them."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from deepdive.engine.lessons.catalogue import load, shipped
from deepdive.tui import commands

from tests.support.driving import SIZES, seated
from tests.support.fake import FakeRun


async def test_home_shows_the_nine_tutorials_and_what_enter_does() -> None:
    async with seated() as seat:
        text = await seat.see("Runs\n")
        assert "Begin with  2  Masked and causal language models" in text
        unbuilt = [tutorial for tutorial in load([shipped()]).tutorials if not tutorial.ready]
        assert text.count("not built yet") == len(unbuilt)
        assert "enter open" in text
        assert "none yet" in text


async def test_home_goes_on_where_the_learner_was() -> None:
    fake = FakeRun()
    fake.data()
    async with seated("little") as seat:
        await seat.press("n", "n", "n", "n")
        await seat.press("escape")
        text = await seat.see("Go on where you were  2  Fifty articles by heart")
        assert "✓" in text
    async with seated("little") as seat:
        await seat.see("5 Fifty articles by heart +page 5 of 7")


async def test_pages_turn_and_escape_leads_home_from_anywhere() -> None:
    async with seated("little") as seat:
        await seat.see("1 Two ways to read +page 1 of 7")
        await seat.press("n")
        await seat.see("2 Fill the gap")
        await seat.press("p")
        await seat.see("1 Two ways")
        for keys in (["n", "e"], ["o"], ["question_mark"], ["colon"], ["T"], ["z"]):
            await seat.press(*keys)
            for _ in range(3):
                await seat.press("escape")
            assert type(seat.app.screen).__name__ == "HomeScreen", keys
            await seat.press("enter")


async def test_the_outline_jumps() -> None:
    async with seated("little") as seat:
        await seat.press("o")
        await seat.see("jump to a page")
        await seat.press("down", "down", "down", "down", "enter")
        await seat.see("5 Fifty articles by heart")


async def test_a_running_training_is_followed_live() -> None:
    fake = FakeRun()
    fake.data()
    job = fake.pretrain(124)
    fake.served()
    async with seated("little") as seat:
        await seat.press("n", "n", "n", "n")
        await seat.see("● running, update 124 of 300")
        for words in ("training 41 %", "Loss  nats a token", "Memory  MB, this run", "after update 120"):
            await seat.see(words)
        fake.pretrain(150, since=125, job=job)
        await seat.see("update 150 of 300")
        await seat.see("after update 150")
        fake.pretrain(300, since=151, job=job)
        fake.figures(job)
        fake.end(job)
        await seat.see("✓ done, 300 updates")
        assert "128 of 128" in seat.text or ((await seat.press("end")) and "128 of 128" in seat.text)


async def test_the_cursor_on_the_curve_moves_text_with_it() -> None:
    fake = FakeRun()
    fake.data()
    fake.end(fake.pretrain(300))
    async with seated("little") as seat:
        await seat.press("n", "n", "n", "n")
        await seat.see("after update 300")
        await seat.press("left", "left", "left", "left")
        await seat.see("cursor at update 2")
        await seat.press(*["shift+left"] * 2)
        text = await seat.see("cursor at update 1")
        assert "after update 300" not in text


async def test_a_worker_that_died_is_a_failed_step_within_two_seconds() -> None:
    fake = FakeRun()
    fake.data()
    fake.pretrain(40)
    victim = subprocess.Popen(["sleep", "60"])
    fake.served(victim.pid)
    async with seated("little") as seat:
        await seat.press("n", "n", "n", "n")
        await seat.see("● running, update 40 of 300")
        victim.kill()
        victim.wait()
        text = await seat.see("✗ failed after", seconds=2.5)
        assert "the worker was killed" in text


async def test_a_changed_setting_is_kept_and_marks_what_is_stale() -> None:
    fake = FakeRun()
    fake.fill_the_gap()
    async with seated("little", "wide") as seat:
        await seat.press("n")
        await seat.see("✓ done in")
        await seat.press("e", "down", "7", "enter")
        await seat.see("≠ stale")
        await seat.see("2 was run with top k 5; it is")
        assert fake.run.edits() == {"fill_the_gap": {"top_k": 7}}
        assert "R run stale" in seat.text
        await seat.press("x")
        await seat.see("✓ done in")
        assert fake.run.edits() == {}


async def test_a_value_out_of_range_is_refused_in_place() -> None:
    FakeRun().fill_the_gap()
    async with seated("little") as seat:
        await seat.press("n", "e", "down", "9", "9", "enter")
        await seat.see("99 is out of range: 1 … 20")
        await seat.see("enter done +↑ ↓ choose")
        assert "n next" not in seat.text


@pytest.mark.parametrize("size", list(SIZES))
async def test_the_same_things_are_there_at_every_size(size: str) -> None:
    fake = FakeRun(edits={"pretrain": {"learning_rate": 0.003}})
    fake.data()
    fake.pretrain(124)
    fake.served()
    async with seated("little", size) as seat:
        await seat.press("n", "n", "n", "n")
        await seat.see("update 124 of 300" if size != "narrow" else "41 %")
        for word in ("Loss", "Memory", "Output", "5 Fifty articles by heart", "Deep Dive", "esc home"):
            await seat.see(word)
        await seat.press("z")
        assert "zoom back" in seat.text
        assert "Fifty articles" not in seat.text
        await seat.press("escape")
        assert "Fifty articles" in seat.text


async def test_a_window_that_is_too_small_says_so() -> None:
    async with seated("little", (50, 12)) as seat:
        await seat.see(r"50x12\.\n +Deep Dive needs 60x18 or more")
        await seat.pilot.resize_terminal(120, 36)
        await seat.see("1 Two ways to read")


async def test_what_a_model_wrote_cannot_touch_the_screen() -> None:
    fake = FakeRun()
    job = fake.begin("fill_the_gap")
    from deepdive.engine.runs.events import Piece, Plot, Rows, Text

    nasty = "\x1b[2J\x1b]0;owned\x07[bold red]x[/] \u202edlrow"
    fake.put(
        Text(t=fake.now, job=job, stream="output", pieces=[Piece(nasty, {"probability": 0.2}, [(nasty, 0.5)])]),
        Plot(t=fake.now, job=job, name=nasty, kind="bars", data={nasty: 0.5}),
        Rows(t=fake.now, job=job, name=nasty, rows=[{nasty: nasty}]),
    )
    fake.end(job, "failed", cause=nasty, action=nasty, detail=nasty)
    async with seated("little", "wide") as seat:
        await seat.press("n")
        text = await seat.see("✗ failed after")
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "␛[2J" in text
        assert "[bold red]x[/]" in text


async def test_help_lists_the_keys_of_the_screen_in_front_and_the_terms() -> None:
    async with seated("little", "wide") as seat:
        text = await seat.press("question_mark")
        for command in commands.of_screen("tutorial"):
            assert command.help[:30] in text
        assert "perplexity" in text


async def test_the_palette_finds_an_action_by_name_and_does_it() -> None:
    async with seated("little") as seat:
        await seat.press("colon")
        await seat.press(*"whole cod")
        await seat.see("The step's whole source") if False else None
        await seat.press("escape")
        await seat.press("colon", *"next", "enter")
        await seat.see("2 Fill the gap")


async def test_a_theme_is_shown_at_once_and_kept_or_given_up() -> None:
    async with seated() as seat:
        before = seat.app.theme
        await seat.press("t", "down")
        assert seat.app.theme != before
        await seat.press("escape")
        assert seat.app.theme == before
        await seat.press("t", "down", "enter")
        chosen = seat.app.theme
    async with seated() as seat:
        assert seat.app.theme == chosen


async def test_a_hang_up_keeps_the_place() -> None:
    async with seated("little") as seat:
        await seat.press("n", "n")
        seat.app.hang_up(129)
    async with seated("little") as seat:
        await seat.see("3 Articles")


async def test_a_guess_is_kept_and_told_beside_the_outcome() -> None:
    fake = FakeRun()
    fake.data()
    fake.end(fake.pretrain(60, total=60))
    async with seated("little", "wide") as seat:
        await seat.press("n", "n", "n", "n", "a", *"99", "enter")
        await seat.see("99 is out of range: 0 … 12")
        await seat.press("backspace", "backspace", *"3.1", "enter")
        await seat.see("You predicted")
        await seat.see("3.1. Measured: 3.2")


async def test_an_exercise_is_checked_and_counts() -> None:
    async with seated("little") as seat:
        await seat.press("o", "end", "enter", "a")
        text = await seat.see("Four articles have")

        found = re.search(r"have ([\d, \n]+) tokens", " ".join(text.split()))
        assert found is not None
        right = sum(int(n) // 128 for n in re.findall(r"\d+", found.group(1)))
        await seat.press(*str(right + 1), "enter")
        await seat.see("✗ not yet")
        await seat.press(*["backspace"] * 4, *str(right), "enter")
        await seat.see("✓ passed")


def test_no_machine_learning_library_is_loaded_by_the_interface() -> None:
    code = (
        "import sys; from deepdive.tui.app import DeepApp; from deepdive.tui.house import House;"
        "import deepdive.tui.screens.tutorial, deepdive.tui.screens.home, deepdive.tui.screens.runs;"
        "import deepdive.tui.screens.doctor, deepdive.tui.screens.probe; House();"
        "heavy = {'torch', 'transformers', 'datasets', 'numpy', 'peft', 'trl', 'pandas', 'pyarrow'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_key_is_given_twice_or_eaten_by_tmux() -> None:
    for screen in ("home", "tutorial", "runs", "doctor"):
        keys = [c.key for c in commands.of_screen(screen) if c.key]
        assert len(keys) == len(set(keys)), screen
        assert not {"ctrl+b", "ctrl+a", "ctrl+enter", "ctrl+comma"} & set(keys)


def test_the_footer_offers_only_what_can_be_pressed() -> None:
    keys = dict(commands.footer("tutorial", frozenset({"step", "running", "first"})))
    assert "s" in keys
    assert "r" not in keys
    assert "p" not in keys
    assert next(iter(keys)) == "n"


async def test_the_first_screen_is_painted_before_anything_is_read() -> None:
    from deepdive.tui.app import DeepApp

    app = DeepApp()
    async with app.run_test(size=(120, 36)) as pilot:
        assert app._house is None or type(app.screen).__name__ == "HomeScreen"
        for _ in range(100):
            await pilot.pause(0.05)
            if type(app.screen).__name__ == "HomeScreen":
                break
        assert app.house.catalogue.get("chapter2") is not None
        assert len(app.screen_stack) == 2


async def test_tab_goes_from_the_page_to_the_panels_and_back() -> None:
    fake = FakeRun()
    fake.data()
    fake.end(fake.pretrain(60, total=60))
    async with seated("little") as seat:
        await seat.press("n", "n", "n", "n")
        await seat.see("after update 60")
        visited = []
        for _ in range(4):
            visited.append(type(seat.app.focused).__name__)
            await seat.press("tab")
        assert visited == ["Reader", "CurveChart", "Tokens", "Reader"]
        await seat.press("shift+tab")
        assert type(seat.app.focused).__name__ == "Reader"


async def test_an_answer_stands_in_front_of_the_panels_until_it_is_put_away() -> None:
    from deepdive.engine.common.faults import Fault
    from deepdive.engine.runs.events import Piece, Text
    from deepdive.tui.bridge import Answered

    fake = FakeRun()
    fake.data()
    fake.end(fake.pretrain(60, total=60))
    async with seated("little") as seat:
        await seat.press("n", "n", "n", "n")
        await seat.see("after update 60")
        pieces = [Piece("an answer", {"probability": 0.9}, [("an answer", 0.9), ("another", 0.1)])]
        seat.app.screen.post_message(Answered("complete", [Text(stream="output", pieces=pieces)]))
        await seat.see("Answer  complete")
        text = await seat.see("an answer")
        assert "Loss" not in text
        await seat.press("escape")
        await seat.see("Loss")
        seat.app.screen.post_message(Answered("complete", [], Fault("the model is sharded", "Wait until it ends")))
        await seat.see("the model is sharded. Wait until it ends")


async def test_an_answers_numbers_are_shown_with_their_conditions_and_interval() -> None:
    from deepdive.engine.runs.events import Figure
    from deepdive.tui.bridge import Answered

    fake = FakeRun()
    fake.data()
    async with seated("little") as seat:
        await seat.press("n")
        figure = Figure(name="accuracy", value=0.8571, low=0.81, high=0.9, n=210, case={"template": "mine"})
        seat.app.screen.post_message(Answered("own_template", [figure]))
        text = await seat.see(r"accuracy \(template mine\) +0\.8571")
        assert "0.81 … 0.9" in text
        assert "Nothing has been run" not in text


async def test_a_question_is_checked_before_it_is_asked() -> None:
    fake = FakeRun()
    fake.fill_the_gap()
    async with seated("little") as seat:
        await seat.press("n", "t")
        await seat.see("Let the model go on from your words")
        await seat.see("what stands before")
        await seat.press("down")
        await seat.see("how many are written")
        await seat.press("9", "9", "9", "enter")
        await seat.see("tokens: 16999 is out of range. Allowed: 1 … 64")


async def test_an_earlier_run_of_the_step_can_be_looked_at() -> None:
    fake = FakeRun()
    fake.data()
    fake.end(fake.pretrain(30, total=30, learning_rate=0.01))
    fake.end(fake.pretrain(60, total=60))
    async with seated("little") as seat:
        await seat.press("n", "n", "n", "n")
        await seat.see("after update 60")
        await seat.press("c")
        await seat.see("after update 30")
        await seat.see("Earlier run .* lr 0.01")
        await seat.press("escape")
        await seat.see("after update 60")


async def test_the_cursor_stands_where_it_was_left() -> None:
    fake = FakeRun()
    fake.data()
    fake.end(fake.pretrain(300))
    async with seated("little") as seat:
        await seat.press("n", "n", "n", "n")
        await seat.see("after update 300")
        await seat.press("shift+left")
        x = re.search(r"cursor at update (\d+)", await seat.see("cursor at update 2"))
        assert x is not None
        seat.app.hang_up(129)
    async with seated("little") as seat:
        await seat.see(f"cursor at update {x.group(1)}")
