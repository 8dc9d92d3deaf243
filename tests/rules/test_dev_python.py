"""The Python that ``./dev`` sets Covey up with: the quickest build of the version that it was started with."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.rules.source import ROOT

VERSION = f"3.{sys.version_info.minor}"
OWN = os.path.realpath(sys.executable)


@pytest.fixture
def dev() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("dev_script", str(ROOT / "dev"))
    spec = importlib.util.spec_from_loader("dev_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in PATH, and nothing else."""
    monkeypatch.setattr(os, "get_exec_path", lambda: [str(tmp_path)])
    return tmp_path


def put_python(folder: Path, does: str) -> str:
    path = folder / f"python{VERSION}"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


def only(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Look for other Pythons in this folder alone, whatever is installed on this machine."""
    which = dev.shutil.which
    monkeypatch.setattr(
        dev.shutil, "which", lambda name, path=None: which(name, path=path) if path == str(folder) else None
    )


def test_a_python_tells_where_it_is_and_how_quick(dev: ModuleType) -> None:
    probed = dev.probe(sys.executable)
    assert probed is not None
    path, time_s = probed
    assert path == OWN
    assert 0 < time_s < 10


@pytest.mark.parametrize(
    "does", ["exit 1", "echo 3.8 0.001 /nowhere", "echo", f"echo {VERSION} 0.001 /nowhere; exit 3", "kill -9 $$"]
)
def test_what_is_no_fit_python_is_passed_over(dev: ModuleType, tmp_path: Path, does: str) -> None:
    assert dev.probe(put_python(tmp_path, does)) is None


def test_a_quicker_build_is_taken(
    dev: ModuleType, others: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(dev, monkeypatch, others)
    other = put_python(others, f'echo {VERSION} 0.000001 "$0"')
    assert dev.find_python() == other
    assert f"Python: {other}, a quicker build" in capsys.readouterr().out


@pytest.mark.parametrize("does", [f'echo {VERSION} 100 "$0"', 'echo 3.8 0.000001 "$0"', "exit 1"])
def test_the_own_python_stays_otherwise(
    dev: ModuleType, others: Path, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    only(dev, monkeypatch, others)
    put_python(others, does)
    assert dev.find_python() == sys.executable


def test_a_little_quicker_is_not_enough(dev: ModuleType, others: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only(dev, monkeypatch, others)
    other = put_python(others, "")
    times_s = {OWN: 1.0, other: 0.95}
    monkeypatch.setattr(dev, "probe", lambda path: (path, times_s[path]))
    assert dev.find_python() == sys.executable
    times_s[other] = 0.85
    assert dev.find_python() == other


def test_one_that_can_make_no_environment_gives_way(
    dev: ModuleType, others: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(dev, monkeypatch, others)
    other = put_python(others, "")
    monkeypatch.setattr(dev, "probe", lambda path: (path, 1.0) if path == other else None)
    assert dev.find_python() == other
