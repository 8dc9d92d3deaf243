"""What is installed is what was locked, and nothing runs before Covey does: D20."""

from __future__ import annotations

import re
import site
from pathlib import Path

import pytest

from tests.rules.source import ROOT

PATH_FILES = {"a1_coverage.pth", "distutils-precedence.pth", "_virtualenv.pth"}
"""Path files with code that belong to coverage, setuptools and virtualenv. Every other one is a finding: such a file
runs at each start of Python, whether its package is imported or not."""
LOCKS = ("runtime", "dev", "model")


def unhashed(lock: str) -> list[str]:
    """Requirements of a lock file that any file could satisfy."""
    lines = [line.strip() for line in lock.replace("\\\n", " ").splitlines()]
    return [line.split()[0] for line in lines if line and not line.startswith("#") and "--hash=sha256:" not in line]


def strange_path_files(folder: Path) -> list[str]:
    """Path files that run code and are not known."""
    return [
        path.name
        for path in sorted(folder.glob("*.pth"))
        if path.name not in PATH_FILES and re.search(r"^import[ \t]", path.read_text(), re.MULTILINE)
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_d20_every_locked_requirement_has_its_hash(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "==" in text
    assert unhashed(text) == []


def test_d20_an_unhashed_requirement_is_seen() -> None:
    text = (ROOT / "requirements" / "runtime.txt").read_text()
    assert unhashed(text + "\nplanted==1.0\n") == ["planted==1.0"]
    assert unhashed("planted==1.0 \\\n    --hash=md5:00\n") == ["planted==1.0"]


def test_d20_installation_demands_hashes_and_runs_no_scripts() -> None:
    text = (ROOT / "dev").read_text()
    assert len(re.findall(r'"pip", "install"', text)) <= len(re.findall(r'"--require-hashes"', text))
    assert re.findall(r'npm, "(?:install|i)"', text) == []
    assert all('"--ignore-scripts"' in line for line in text.splitlines() if 'npm, "ci"' in line)


def test_d20_no_path_file_of_the_environment_runs_unknown_code() -> None:
    folders = [Path(folder) for folder in site.getsitepackages() if Path(folder).is_dir()]
    assert folders
    assert [name for folder in folders for name in strange_path_files(folder)] == []


def test_d20_a_planted_path_file_is_seen(tmp_path: Path) -> None:
    (tmp_path / "litellm_init.pth").write_text("import os; os.system('true')\n")
    (tmp_path / "plain.pth").write_text("/srv/source\n")
    assert strange_path_files(tmp_path) == ["litellm_init.pth"]
