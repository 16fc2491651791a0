"""docs/operations.md says what the code does."""

from pathlib import Path

from service.cli.manual import commands_part, page_of, settings_part
from service.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_settings_and_commands_of_the_page_are_those_of_the_code() -> None:
    assert PAGE.read_text() == page_of(PAGE.read_text()), "run `make docs`"


def test_every_setting_and_every_command_is_on_the_page() -> None:
    page = PAGE.read_text()
    assert all(f"`ONRECORD_{name.upper()}`" in page for name in Settings.model_fields)
    assert settings_part() in page
    assert commands_part() in page
    for command in ("serve", "import FILES...", "replay INCIDENT", "diff INCIDENT A B", "views rebuild", "keys issue"):
        assert f"### `onrecord {command}" in page


def test_every_option_is_explained() -> None:
    assert ": None" not in commands_part()
