"""Names of users and keys, also of those that are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from covey.errors import NotFound
from covey.testing.eventually import eventually
from tests.helpers.chain import running_chain


async def test_usage_has_names_and_flags_what_is_gone(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor(tokens_per_second=0.0)
        root = chain.records.token(await chain.records.user("root", role="admin"))
        ada = await chain.records.user("ada")
        await chain.answer(chain.records.token(ada))

        async def rows() -> list[object]:
            return list((await chain.operate("usage.query", root, user_id="*")).items)

        await eventually(rows)
        (row,) = (await chain.operate("usage.query", root, user_id="*")).items
        assert (row.username, row.user_deleted, row.key_name) == ("ada", False, None)
        await chain.records.bucket.delete(f"user.{ada}")

        async def gone() -> bool:
            (row,) = (await chain.operate("usage.query", root, user_id="*")).items
            return bool(row.user_deleted and row.username == "ada")

        await eventually(gone)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"action": "models."}, ["models.reset_settings", "models.set_settings"]),
        ({"action": "models.set_settings"}, ["models.set_settings"]),
        ({"outcome": "refused"}, ["nodes.drain"]),
        ({"target": "nowhere"}, ["nodes.drain"]),
        ({"until": 1.0}, []),
        ({"since": 1.0, "action": "nodes."}, ["nodes.drain"]),
    ],
)
async def test_the_audit_log_is_searched(tmp_path: Path, filters: dict[str, Any], expected: list[str]) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor(tokens_per_second=0.0)
        root = chain.records.token(await chain.records.user("root", role="admin"))
        await chain.operate("models.set_settings", root, model="sample", description="x")
        await chain.operate("models.reset_settings", root, model="sample")
        with pytest.raises(NotFound):
            await chain.operate("nodes.drain", root, node="nowhere")
        found = (await chain.operate("audit.query", root, **filters)).items
        assert [event.action for event in found] == expected
