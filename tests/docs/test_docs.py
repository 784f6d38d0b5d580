"""Docs cannot rot: they are held to the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from modelwright.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def test_every_command_is_documented_as_its_help_says_it() -> None:
    specification = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate_commands.py")
    assert specification is not None
    assert specification.loader is not None
    generate = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generate)
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert page == generate.commands_page(), "run `make docs`"


def test_the_readme_names_the_two_commands_and_every_subcommand() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme
    assert [name for name in COMMANDS if f"modelwright {name}" not in readme] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_finding_code_in_the_source_has_a_page() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    codes = set(re.findall(r'"(MW\d{3})"', source))
    assert codes
    assert [code for code in sorted(codes) if not (ROOT / "docs" / "findings" / f"{code}.md").exists()] == []


def test_nothing_in_the_repository_names_a_place_on_somebodys_machine() -> None:
    named = re.compile(r"/(?:home/\w|(?:root|work|tmp/\w+)/)")
    pages = [*PAGES, *(ROOT / "src").rglob("*.py"), ROOT / "Makefile", ROOT / ".ci" / "run"]
    assert [page.name for page in pages if named.search(page.read_text(encoding="utf-8"))] == []
