"""Docs cannot rot: they are held to the code."""

from __future__ import annotations

import doctest
import importlib.util
import re
import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest

from modelwright.cli import COMMANDS
from modelwright.engine.keras_backend import keras

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


def test_the_page_on_your_own_model_runs_as_it_stands() -> None:
    page = (ROOT / "docs" / "your-own-model.md").read_text(encoding="utf-8")
    shown = "\n".join(re.findall(r"```pycon\n(.*?)```", page, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(shown, {}, "your-own-model.md", None, 0)
    told: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, about numpy's copies
        result = doctest.DocTestRunner().run(test, out=told.append)
    assert result.attempted > 15
    assert result.failed == 0, "".join(told)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "examples" / "book").glob("*.py")), ids=lambda file: file.stem
)
def test_the_books_files_build_models_of_the_shapes_they_are_given(file: Path) -> None:
    module = runpy.run_path(str(file))
    functions = [name for name, value in module.items() if callable(value) and name.islower()]
    assert functions
    for name in functions:
        model = module[name]((7,), (1,))
        assert isinstance(model, keras.Model)
        assert tuple(model(np.zeros((2, 7), dtype="float32")).shape) == (2, 1)
