"""Unit tests mirror the source: ``src/covey/a/b.py`` is tested by ``tests/unit/a/test_b.py``."""

from __future__ import annotations

from tests.rules.source import ROOT, SOURCE, python_files

MIRRORED_SHARE = 0.70
"""Part of the source files that must have a mirror. Catalogues and contracts are covered by their users."""


def sources() -> set[str]:
    return {str(path.relative_to(SOURCE).with_suffix("")) for path in python_files(SOURCE) if path.stem != "__init__"}


def mirrors() -> set[str]:
    folder = ROOT / "tests" / "unit"
    return {
        str((path.parent / path.stem.removeprefix("test_")).relative_to(folder))
        for path in python_files(folder)
        if path.stem.startswith("test_")
    }


def test_most_source_files_have_a_mirror() -> None:
    tested = sources() & mirrors()
    missing = sorted(sources() - mirrors())
    assert len(tested) / len(sources()) >= MIRRORED_SHARE, f"without a mirror: {missing}"


def test_no_unit_test_is_an_orphan() -> None:
    folders = {str(path.parent.relative_to(SOURCE)) for path in python_files(SOURCE)}
    orphans = {name for name in mirrors() - sources() if name.rpartition("/")[0] not in folders}
    assert orphans == set()
