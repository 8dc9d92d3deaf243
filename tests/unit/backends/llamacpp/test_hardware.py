from __future__ import annotations

import os
from pathlib import Path

import pytest

from covey.backends.llamacpp.hardware import cpu_quota, step_tokens, usable_cpus


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "membership", "quota"),
    [
        ({}, "", None),
        ({"cpu.max": "max 100000\n"}, "0::/\n", None),
        ({"cpu.max": "150000 100000\n"}, "0::/\n", 1.5),
        ({"cpu.max": "max 100000", "a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"}, "0::/a/b\n", 3.0),
        ({"a/cpu.max": "50000 100000", "a/b/cpu.max": "200000 100000"}, "0::/a/b\n", 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "1:cpu:/\n", None),
        ({"cpu/x/cpu.cfs_quota_us": "250000", "cpu/x/cpu.cfs_period_us": "100000"}, "3:cpu:/x\n2:pids:/y\n", 2.5),
        ({"cpu.max": "nonsense"}, "nonsense", None),
        ({"cpu.max": "1 0"}, "0::/../../..\n", None),
    ],
)
def test_the_tightest_quota_counts(tmp_path: Path, files: dict[str, str], membership: str, quota: float | None) -> None:
    groups = write(tmp_path / "groups", {"keep": "", **files})
    own = tmp_path / "membership"
    own.write_text(membership)
    assert cpu_quota(groups, own) == quota


def test_no_more_threads_than_the_quota_pays_for_and_at_least_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    own = tmp_path / "membership"
    own.write_text("0::/\n")
    for content, cpus in (("max 100000", 8), ("350000 100000", 3), ("10000 100000", 1), ("1600000 100000", 8)):
        groups = write(tmp_path, {"cpu.max": content})
        assert usable_cpus(groups=groups, membership=own) == cpus


@pytest.mark.parametrize(
    ("parameters", "threads", "tokens"),
    [(0, 1, 64), (30_000_000, 1, 64), (135_000_000, 2, 64), (360_000_000, 2, 32), (7_000_000_000, 64, 32)],
)
def test_the_larger_the_model_the_smaller_its_steps(parameters: int, threads: int, tokens: int) -> None:
    assert step_tokens(parameters, threads) == tokens
