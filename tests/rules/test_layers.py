"""Which package may import which, checked by import-linter with the contracts in pyproject.toml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_imports_point_down_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "src"))
    outcome = subprocess.run(
        command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False, timeout=120
    )
    assert outcome.returncode == 0, outcome.stdout
