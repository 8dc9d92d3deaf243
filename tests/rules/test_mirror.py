"""Unit tests mirror the source: ``src/covey/a/b.py`` is tested by ``tests/unit/a/test_b.py``."""

from __future__ import annotations

from tests.rules.source import ROOT, SOURCE, python_files

MIRRORED_SHARE = 0.70
"""Part of the source files that must have a mirror. Catalogues and contracts are covered by their users."""


CONTRACTS = ("__init__", "__main__", "config", "metrics", "bus", "carrier", "key_value", "base", "context", "clock")
"""Names of files that say what others have to do, or which settings and figures there are."""


def sources() -> set[str]:
    return {
        str(path.relative_to(SOURCE).with_suffix(""))
        for path in python_files(SOURCE)
        if path.stem not in CONTRACTS and not path.stem.endswith("_config") and path.parent.name != "protocol"
    }


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
    orphans = {name for name in mirrors() - sources() if (name.rpartition("/")[0] or ".") not in folders}
    assert orphans == set()
