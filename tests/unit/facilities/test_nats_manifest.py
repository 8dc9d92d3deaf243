from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from covey.facilities.nats_manifest import METADATA_KEY, Manifest, Survey, lost_records, read_manifest
from covey.facilities.nats_stream import StreamReply


def found(last_sequence: int, sequences: list[int], *, stalled: bool = False) -> Survey:
    return Survey(Manifest(last_sequence, len(sequences)), sequences, {}, stalled)


def test_half_of_the_keys_gone_is_a_loss() -> None:
    assert lost_records(Manifest(3000, 3000), found(3000, list(range(1501, 3001)))) == 1500


def test_a_stream_that_ends_earlier_than_it_did_lost_its_tail() -> None:
    assert lost_records(Manifest(3000, 3000), found(2990, list(range(1, 2991)))) == 10


def test_a_record_that_cannot_be_read_is_a_loss_although_it_is_counted() -> None:
    assert lost_records(Manifest(3, 3), found(4, [1, 2, 4], stalled=True)) == 1


def test_nothing_is_lost_when_writes_since_explain_what_is_missing() -> None:
    assert lost_records(Manifest(10, 10), found(13, [*range(1, 8), 11, 12, 13])) == 0


def test_what_was_written_while_counting_explains_what_is_missing_too() -> None:
    assert lost_records(Manifest(10, 10), found(10, list(range(1, 8)))) == 3
    assert lost_records(Manifest(10, 10), found(10, list(range(1, 8))), newest_sequence=13) == 0


def test_a_bucket_without_a_manifest_has_none() -> None:
    assert read_manifest(StreamReply(config={})) is None
    assert read_manifest(StreamReply(config={"metadata": {"other": "x"}})) is None
    text = '{"last_sequence":7,"durable_keys":3}'
    assert read_manifest(StreamReply(config={"metadata": {METADATA_KEY: text}})) == Manifest(7, 3)


operations = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["put", "put for a while", "delete"])))


@given(operations, operations)
def test_no_series_of_ordinary_writes_ever_looks_like_a_loss(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    durable: dict[str, int] = {}
    sequence = 0

    def apply(writes: list[tuple[str, str]]) -> None:
        nonlocal sequence
        for key, kind in writes:
            sequence += 1
            durable.pop(key, None)
            if kind == "put":
                durable[key] = sequence

    apply(before)
    manifest = Manifest(sequence, len(durable))
    apply(after)
    assert lost_records(manifest, found(sequence, list(durable.values()))) == 0
