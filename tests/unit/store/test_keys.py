from __future__ import annotations

import pytest

from covey.errors import InvalidRequest
from covey.store.key_value import Write
from covey.store.keys import check_batch, check_key, check_name, check_prefix, check_record_id, check_ttl, in_prefix

GOOD = ["a", "user.u_1", "A-b_C.9", "x" * 64, ".".join("k" * 16)]
BAD = ["", "*", "a.*", ">", "a.>", "a..b", ".a", "a.", "a b", "a\n", "a/b", "ä", "x" * 65, ".".join("k" * 17), "$KV.a"]


@pytest.mark.parametrize("key", GOOD)
def test_a_well_formed_key_is_returned_unchanged(key: str) -> None:
    assert check_key(key) == check_prefix(key) == key


@pytest.mark.parametrize("key", BAD)
def test_wildcards_and_odd_characters_are_refused_as_keys(key: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_key(key)
    assert not key.strip() or key not in caught.value.detail.split()


def test_an_empty_prefix_means_everything_but_a_wildcard_is_refused() -> None:
    assert check_prefix("") == ""
    with pytest.raises(InvalidRequest):
        check_prefix("user.*")


@pytest.mark.parametrize("name", ["", "a.b", "a*", "x" * 33])
def test_a_bucket_name_is_one_short_token(name: str) -> None:
    with pytest.raises(InvalidRequest):
        check_name(name)


@pytest.mark.parametrize("record_id", ["", "a b", "a\r\nNats-Expected: 1", "x" * 257])
def test_a_record_id_cannot_carry_a_second_header(record_id: str) -> None:
    with pytest.raises(InvalidRequest):
        check_record_id(record_id)


@pytest.mark.parametrize("ttl_s", [0, 0.5, -1, float("nan"), float("inf")])
def test_a_time_to_live_below_a_second_is_refused(ttl_s: float) -> None:
    with pytest.raises(InvalidRequest):
        check_ttl(ttl_s)


@pytest.mark.parametrize(
    "writes",
    [[], [Write("a", b"1"), Write("a", b"2")], [Write(f"k{n}", b"") for n in range(101)], [Write("a", b"", None, 0.1)]],
    ids=["empty", "twice the same key", "too many", "short time to live"],
)
def test_a_malformed_batch_is_refused(writes: list[Write]) -> None:
    with pytest.raises(InvalidRequest):
        check_batch(writes)


def test_prefixes_end_at_whole_tokens() -> None:
    assert in_prefix("user.1", "user.1")
    assert in_prefix("user.1.key", "user.1")
    assert not in_prefix("user.10", "user.1")
    assert in_prefix("anything", "")
