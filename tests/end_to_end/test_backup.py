"""A node's store into a file and into another node."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.command_line import covey
from tests.helpers.covey_process import one_process
from tests.helpers.platform_client import PlatformClient

pytestmark = [pytest.mark.nats, pytest.mark.timeout(120)]


def test_accounts_and_keys_move_to_another_node_and_a_damaged_file_changes_nothing(tmp_path: Path) -> None:
    file, old, new = tmp_path / "backup", tmp_path / "old", tmp_path / "new"
    with one_process(old) as node:
        person = PlatformClient(node.url).register("robin")
        key = person.key()
        person.close()
        running = covey("-o", "jsonl", "backup", str(file), "--data-dir", str(old / "data"), folder=tmp_path)
        assert running.code == 0, running.err
        refused = covey("restore", str(file), "--data-dir", str(old / "data"), folder=tmp_path)
        assert (refused.code, "--nats-url" in refused.err) == (1, True)
        file.rename(tmp_path / "of-running")
    made = covey("-o", "jsonl", "backup", str(file), "--data-dir", str(old / "data"), folder=tmp_path)
    assert made.code == 0, made.err
    assert '"bucket": "auth"' in made.out
    assert json.loads(made.out.splitlines()[0]) == json.loads(running.out.splitlines()[0])
    assert file.stat().st_mode & 0o077 == 0
    damaged = tmp_path / "damaged"
    damaged.write_bytes(file.read_bytes().replace(b"auth", b"auht", 1))
    assert covey("restore", str(damaged), "--data-dir", str(new / "data"), folder=tmp_path).code == 1
    assert covey("restore", str(file), "--data-dir", str(new / "data"), folder=tmp_path).code == 0
    assert covey("restore", str(file), "--data-dir", str(new / "data"), folder=tmp_path).code == 1
    with one_process(new) as node:
        by_key = PlatformClient(node.url, key)
        assert by_key.must("GET", "/covey/v1/me")["username"] == "robin"
        assert PlatformClient(node.url).login("robin")["user"]["role"] == "admin"
        by_key.close()


def test_without_a_model_the_answer_says_so_and_how_to_get_one(tmp_path: Path) -> None:
    with one_process(tmp_path, **{"engines.sample": []}) as node:
        client = PlatformClient(node.url).register("robin")
        body = {"model": "default", "messages": [{"role": "user", "content": "x"}]}
        status, answer = client.ask("POST", "/v1/chat/completions", body)
        assert status == 404
        assert "covey pull" in answer["error"]["message"]
        client.close()
