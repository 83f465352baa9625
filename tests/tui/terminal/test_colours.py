"""Themes: the shipped ones survive 256 colours and can be read; a bad file is a sentence."""

from __future__ import annotations

import colorsys
from pathlib import Path

import pytest
from deepdive.tui.terminal import colours
from rich.color import Color, ColorSystem
from textual.app import App, ComposeResult
from textual.widgets import Static

COLOURED = [name for name in colours.OURS if not colours.ours()[name].ansi]
MINIMAL = 'base = "deep-dark"\n'


@pytest.mark.parametrize("name", COLOURED)
def test_every_colour_is_one_of_the_256_and_stays_what_it_is_without_true_colour(name: str) -> None:
    for token, value in colours.ours()[name].colors.items():
        shown = Color.parse(colours.exact(value)).downgrade(ColorSystem.EIGHT_BIT)
        assert shown.get_truecolor().hex == value, token
        assert shown.number is not None and shown.number >= 16, token


@pytest.mark.parametrize("name", COLOURED)
def test_surfaces_are_grey(name: str) -> None:
    for token in (*colours.SURFACES, "rule"):
        red, green, blue = Color.parse(colours.ours()[name].colors[token]).get_truecolor()
        assert colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)[2] < 0.15


def test_high_contrast_is_seven_to_one() -> None:
    colors = colours.ours()["high-contrast"].colors
    for text in (*colours.TEXTS, *colours.STATES):
        assert colours.contrast(colors[text], colors["background"]) >= 7, text
        assert colours.contrast(colors[text], colors["card"]) >= 7, text


def test_contrast_is_that_of_the_standard() -> None:
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colors = [", ["TOML"]),
        ("spin = true", ["'spin'", "about, base, dark"]),
        ('base = "solarised"', ["'solarised'", "deep-dark"]),
        ("dark = 1", ["dark is 1", "true and false"]),
        ("colors = 3", ["[colors]"]),
        (MINIMAL + '[colors]\naccent = "blue"', ["accent is 'blue'", "#5fd7d7"]),
        (MINIMAL + "[colors]\naccent = 17", ["accent is 17"]),
        (MINIMAL + '[colors]\nborder = "#121212"', ["'border'", "accent"]),
        (MINIMAL + '[colors]\ntext-3 = "#444444"', ["text-3 #444444 on background #121212", "1.9", "4.5"]),
        ('[colors]\naccent = "#5fd7d7"', ["background, surface", "missing"]),
        ('base = "sixteen"\n[colors]\naccent = "ansi_mauve"', ["accent is 'ansi_mauve'", "ansi_cyan"]),
        ('base = "sixteen"\nansi = false', ["can't be checked"]),
    ],
)
def test_a_bad_file_names_key_and_what_is_allowed(text: str, words: list[str]) -> None:
    with pytest.raises(colours.ThemeProblem) as problem:
        colours.read("mine", text, colours.ours())
    for word in words:
        assert word in str(problem.value)


def test_bad_files_stop_nobody(tmp_path: Path) -> None:
    (tmp_path / "dusk.toml").write_text(MINIMAL + '[colors]\naccent = "#ffaf5f"')
    (tmp_path / "broken.toml").write_text("[[[")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "deep-dark.toml").write_text(MINIMAL)
    (tmp_path / "folder.toml").mkdir()
    themes, problems = colours.load(tmp_path)
    assert list(themes) == [*colours.OURS, "dusk"]
    assert themes["dusk"].colors["accent"] == "#ffaf5f"
    assert len(problems) == 4
    assert all(str(tmp_path) in problem for problem in problems)


def test_no_folder_is_no_problem(tmp_path: Path) -> None:
    assert colours.load(tmp_path / "none") == (dict(colours.ours()), [])


def test_choice() -> None:
    themes = colours.ours()
    assert colours.choose(themes, "", False) == ("deep-dark", "")
    assert colours.choose(themes, "deep-light", False) == ("deep-light", "")
    assert colours.choose(themes, "", False, "sixteen") == ("sixteen", "")
    assert colours.choose(themes, "", True, "sixteen") == ("deep-dark", "")
    name, sentence = colours.choose(themes, "sixteen", True)
    assert name == "deep-dark" and "NO_COLOR" in sentence
    name, sentence = colours.choose(themes, "nord", False)
    assert name == "deep-dark" and "'nord'" in sentence and "high-contrast" in sentence


class Host(App[None]):
    CSS = "Static { background: $card; color: $text-4; }"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return colours.defaults()

    def compose(self) -> ComposeResult:
        yield Static("text")

    def on_mount(self) -> None:
        colours.install(self, "deep-light")


async def test_a_theme_is_put_on_and_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "deepdive" / "themes").mkdir(parents=True)
    (tmp_path / "deepdive" / "themes" / "broken.toml").write_text("[[[")
    app = Host()
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        text = app.query_one(Static)
        assert text.styles.color.hex.lower() == colours.ours()["deep-light"].colors["text-4"]
        assert any("broken.toml" in notice.message for notice in app._notifications)
        for name in colours.OURS:
            app.theme = name
            await pilot.pause()
            for token, value in colours.ours()[name].colors.items():
                assert app.theme_variables[token] == colours.exact(value)
