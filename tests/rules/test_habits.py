"""Habits that decay without a check: environment reads, prints, broad excepts, dangerous calls, stray words."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rules.source import ROOT, SOURCE, TESTS, name_of, python_files, tree_of

BROAD_EXCEPTS_PER_1000_LINES = 3.0


def calls(path: Path) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            found.append((ast.unparse(node.func), node.lineno))
    return found


def test_only_the_settings_read_the_environment() -> None:
    readers = set()
    for path in python_files(SOURCE):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"):
                readers.add(name_of(path))
    assert readers <= {"src/covey/settings.py"}


def test_nothing_prints_but_the_command_line() -> None:
    printers = {
        name_of(path)
        for path in python_files(SOURCE)
        if "cli" not in path.relative_to(SOURCE).parts and any(name == "print" for name, _ in calls(path))
    }
    assert printers == set()


DANGEROUS = re.compile(
    r"^(pickle|marshal|shelve|jinja2)\.|^yaml\.(load|unsafe_load)$|^(eval|exec|compile)$|^os\.system$"
)


@pytest.mark.parametrize("planted", ["pickle.loads(x)", "eval(x)", "marshal.load(f)", "yaml.load(x)"])
def test_d21_the_lint_sees_a_planted_dangerous_call(planted: str) -> None:
    node = ast.parse(planted, mode="eval").body
    assert isinstance(node, ast.Call)
    assert DANGEROUS.search(ast.unparse(node.func))


def test_d21_no_source_deserialises_code() -> None:
    found = [f"{name_of(path)}:{line} {name}" for path in python_files(SOURCE) for name, line in calls(path)
             if DANGEROUS.search(name)]  # fmt: skip
    assert found == []


def test_broad_excepts_are_few_and_each_says_who_reports() -> None:
    lines, broad, silent = 0, 0, []
    for path in python_files(SOURCE):
        text = path.read_text().splitlines()
        lines += len(text)
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler) and is_broad(node) and not raises_again(node):
                broad += 1
                around = "\n".join(text[max(0, node.lineno - 2) : node.lineno + 2])
                if "#" not in around:
                    silent.append(f"{name_of(path)}:{node.lineno}")
    assert silent == []
    assert broad * 1000 / lines <= BROAD_EXCEPTS_PER_1000_LINES


def raises_again(node: ast.ExceptHandler) -> bool:
    """Whether the handler only tidies up and lets the error go on."""
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def is_broad(node: ast.ExceptHandler) -> bool:
    return node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))


def test_no_test_waits_by_sleeping() -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in python_files(TESTS)
        for name, line in calls(path)
        if name in ("time.sleep", "sleep")
    ]
    assert found == []


def tracked_text() -> list[tuple[str, str]]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout.split()
    found = []
    for name in names:
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 1_000_000:
            try:
                found.append((name, path.read_text()))
            except UnicodeDecodeError:
                continue
    return found


@pytest.mark.skipif(shutil.which("git") is None, reason="asks git which files are Covey's")
def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile(r"pyp[i]\.org|pythonhoste[d]|npmj[s]\.|deb\.debia[n]")
    assert [name for name, text in tracked_text() if hosts.search(text)] == []


def test_file_and_folder_names_are_nouns_not_drawers() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc", "core", "shared"}
    assert [name_of(path) for path in python_files(SOURCE) if {path.stem, path.parent.name} & drawers] == []
