from __future__ import annotations

import stat
from pathlib import Path

import pytest

from covey.cli.contexts import Context, ContextFile, Credentials
from covey.cli.failures import CommandFailed


def test_contexts_survive_writing_and_reading(tmp_path: Path) -> None:
    contexts = ContextFile.read(tmp_path)
    contexts.contexts["box"] = Context("box", "https://box.example", model="m")
    contexts.current = "box"
    contexts.write()
    again = ContextFile.read(tmp_path)
    assert again.select(None) == Context("box", "https://box.example", model="m")
    assert again.select("default").url == "http://127.0.0.1:8080"


def test_credentials_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    contexts = ContextFile.read(tmp_path)
    contexts.keep_credentials("default", Credentials(api_key="canary"))
    assert contexts.credentials("default").bearer == "canary"
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600
    contexts.keep_credentials("default", None)
    assert contexts.credentials("default").bearer is None


def test_an_unknown_context_and_a_damaged_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no context 'x'"):
        ContextFile.read(tmp_path).select("x")
    (tmp_path / "contexts.json").write_text("{")
    with pytest.raises(CommandFailed, match="repair or remove"):
        ContextFile.read(tmp_path)
