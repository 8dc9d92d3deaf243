"""What every log does, whatever it is made of. Subclasses give the fixture ``store``."""

from __future__ import annotations

import pytest

from covey.errors import InvalidRequest, PayloadTooLarge, StoreUnavailable
from covey.store.key_value import Log, LogRecord, Store


def values(records: list[LogRecord] | object) -> list[bytes]:
    assert isinstance(records, list)
    return [record.value for record in records]


class LogBehaviour:
    @pytest.fixture
    async def log(self, store: Store) -> Log:
        return await store.log("usage")

    async def fill(self, log: Log, count: int) -> None:
        await log.append_many(
            [(str(n).encode(), ("u1" if n % 2 else "u2", f"d{n % 3}"), f"id{n}") for n in range(count)]
        )

    async def test_an_empty_log_has_no_records(self, log: Log) -> None:
        assert await log.read() == []
        assert await log.read(newest_first=True) == []
        assert await log.read(subject=("u1",), newest_first=True) == []

    async def test_a_record_is_read_back_with_its_subject_sequence_and_time(self, log: Log) -> None:
        sequence = await log.append(b"one", subject=("u1", "tokens"), record_id="a")
        (record,) = await log.read()
        assert (record.sequence, record.subject, record.value) == (sequence, ("u1", "tokens"), b"one")
        assert record.at > 0

    async def test_the_same_record_id_is_stored_once(self, log: Log) -> None:
        first = await log.append(b"one", subject=("u1",), record_id="a")
        assert await log.append(b"again", subject=("u1",), record_id="a") == first
        assert values(await log.read()) == [b"one"]

    async def test_appending_many_may_be_repeated_whole(self, log: Log) -> None:
        await self.fill(log, 600)
        await self.fill(log, 600)
        assert sorted(int(value) for value in values(await log.read())) == list(range(600))
        assert await log.append_many([]) == []

    async def test_records_are_found_by_the_tokens_their_subject_starts_with(self, log: Log) -> None:
        await self.fill(log, 12)
        assert values(await log.read(subject=("u1",))) == [str(n).encode() for n in range(1, 12, 2)]
        assert values(await log.read(subject=("u1", "d1"))) == [b"1", b"7"]
        assert await log.read(subject=("u",)) == []

    async def test_pages_forward_follow_each_other(self, log: Log) -> None:
        await self.fill(log, 25)
        seen: list[LogRecord] = []
        while page := await log.read(after=seen[-1].sequence if seen else 0, limit=10):
            assert len(page) <= 10
            seen += page
        assert values(seen) == [str(n).encode() for n in range(25)]

    async def test_pages_backward_follow_each_other_from_the_newest(self, log: Log) -> None:
        await self.fill(log, 1200)
        seen: list[LogRecord] = []
        while page := await log.read(
            subject=("u2",), after=seen[-1].sequence if seen else 0, limit=500, newest_first=True
        ):
            seen += page
        assert values(seen) == [str(n).encode() for n in range(1198, -1, -2)]

    async def test_the_newest_records_of_one_person_are_found_far_back(self, log: Log) -> None:
        await log.append(b"rare", subject=("u9",), record_id="rare")
        await self.fill(log, 1500)
        assert values(await log.read(subject=("u9",), newest_first=True, limit=5)) == [b"rare"]
        assert values(await log.read(newest_first=True, limit=3)) == [b"1499", b"1498", b"1497"]

    async def test_a_limit_of_nothing_is_nothing(self, log: Log) -> None:
        await self.fill(log, 3)
        assert await log.read(limit=0) == []

    @pytest.mark.parametrize("subject", [(), ("*",), ("a", ">"), ("a b",), ("",)])
    async def test_wildcards_and_empty_subjects_are_refused(self, log: Log, subject: tuple[str, ...]) -> None:
        with pytest.raises(InvalidRequest):
            await log.append(b"x", subject=subject, record_id="a")
        if subject:
            with pytest.raises(InvalidRequest):
                await log.read(subject=subject)

    async def test_a_record_id_that_would_forge_a_header_is_refused(self, log: Log) -> None:
        with pytest.raises(InvalidRequest):
            await log.append(b"x", subject=("a",), record_id="a\r\nNats-Expected-Stream: other")
        with pytest.raises(PayloadTooLarge):
            await log.append(b"x" * 1_000_001, subject=("a",), record_id="a")

    async def test_a_log_at_its_size_limit_drops_the_oldest(self, store: Store) -> None:
        small = await store.log("small", max_bytes=20_000)
        await small.append_many([(str(n).encode() * 400, ("u",), f"id{n}") for n in range(1, 60)])
        kept = values(await small.read())
        assert 0 < len(kept) < 50
        assert kept[-1] == b"59" * 400

    async def test_binding_to_a_log_that_nobody_makes_fails(self, store: Store) -> None:
        with pytest.raises(StoreUnavailable):
            await store.log("absent", create=False)
        owner = await store.log("shared", max_age_s=3600)
        await owner.append(b"1", subject=("a",), record_id="1")
        assert values(await (await store.log("shared", create=False)).read()) == [b"1"]
