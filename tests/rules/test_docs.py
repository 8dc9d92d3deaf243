"""Docs that say what the code says."""

from __future__ import annotations

import re

import pytest

from covey.cli.main import COMMANDS
from covey.errors import ERRORS_BY_CODE
from tests.rules.errors_docs import errors_page
from tests.rules.settings_docs import settings_page
from tests.rules.source import ROOT, SOURCE


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == settings_page()


def test_the_page_of_errors_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "errors.md").read_text() == errors_page()


def test_the_error_tree_is_drawn_whole() -> None:
    drawing = (SOURCE / "errors.py").read_text().partition('"""')[2].partition('"""')[0]
    assert [code for code in ERRORS_BY_CODE if code not in drawing] == []


def test_the_map_of_folders_names_every_package() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    packages = [path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()]
    assert [name for name in packages if f"src/covey/{name}/" not in text] == []


def test_the_map_of_folders_names_nothing_that_is_not_there() -> None:
    named = re.findall(r"\| `([^`]+)` \|", (ROOT / "CONTRIBUTING.md").read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_runtime_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    project = (ROOT / "pyproject.toml").read_text()
    dependencies = re.findall(r'^  "([a-z0-9-]+)==', project.partition("[project.scripts]")[0], re.M)
    assert dependencies
    assert [name for name in dependencies if name not in text] == []


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_names_only_commands_that_exist() -> None:
    named = set(
        re.findall(r"\bcovey ([a-z]+)\b", re.sub(r"[^`]*(`[^`]*`|\Z)", r"\1 ", (ROOT / "README.md").read_text()))
    )
    assert named - set(COMMANDS) - {"is", "in"} == set()
