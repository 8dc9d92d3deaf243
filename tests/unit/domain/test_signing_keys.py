from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from covey.domain.access_tokens import LEEWAY_S
from covey.domain.signing_keys import RotationPolicy, SigningKeyRecord, is_due, rotated, signer_at, without_dead

POLICY = RotationPolicy(settle_s=60.0, lag_s=120.0, token_ttl_s=600.0, max_age_s=1000.0)


def key(key_id: str, created_at: float, settle_s: float = 60.0) -> SigningKeyRecord:
    return SigningKeyRecord(
        key_id=key_id, public_key="x", private_key="d", created_at=created_at, not_before=created_at + settle_s
    )


def test_a_new_key_signs_only_when_it_has_settled() -> None:
    ring = rotated((key("one", 0.0, 0.0),), key("two", 500.0), POLICY)
    found = [signer_at(ring, now) for now in (500.0, 559.0, 560.0)]
    assert [each.key_id for each in found if each] == ["one", "one", "two"]


def test_without_a_settled_key_the_oldest_signs() -> None:
    assert signer_at((key("one", 100.0),), 0.0) == key("one", 100.0)
    assert signer_at((), 0.0) is None


def test_the_newest_key_decides_whether_another_is_due() -> None:
    ring = (key("one", 0.0), key("two", 500.0))
    assert [is_due(ring, POLICY, now) for now in (1499.0, 1500.0)] == [False, True]


def test_a_second_rotation_does_not_prolong_what_the_first_has_ended() -> None:
    first = rotated((key("one", 0.0),), key("two", 100.0), POLICY)
    second = rotated(first, key("three", 200.0), POLICY)
    assert second[0].retired_after == first[0].retired_after
    assert second[2].retired_after is None


@given(st.lists(st.floats(0.0, 400.0), min_size=1, max_size=12), st.floats(0.0, 1.0))
def test_no_living_token_ever_loses_its_key(pauses: list[float], share: float) -> None:
    """Whoever signs with the ring as it was up to the lag ago signs with a key that outlives the token."""
    now = 0.0
    versions: list[tuple[float, tuple[SigningKeyRecord, ...]]] = [(0.0, (key("k0", 0.0, 0.0),))]
    for number, pause in enumerate(pauses, 1):
        now += pause
        versions.append((now, rotated(versions[-1][1], key(f"k{number}", now), POLICY)))
    for index, (seen_at, ring) in enumerate(versions):
        replaced_at = versions[index + 1][0] if index + 1 < len(versions) else seen_at
        signed_at = seen_at + share * (replaced_at + POLICY.lag_s - seen_at)
        signer = signer_at(ring, signed_at)
        assert signer is not None
        for _, later in versions[index:]:
            end = next(each.retired_after for each in later if each.key_id == signer.key_id)
            assert end is None or end >= signed_at + POLICY.token_ttl_s + LEEWAY_S


def test_the_dead_are_forgotten_when_their_last_token_is() -> None:
    ring = rotated((key("one", 0.0),), key("two", 100.0), POLICY)
    end = ring[0].retired_after
    assert end == 160.0 + 120.0 + 600.0 + LEEWAY_S
    assert [len(without_dead(ring, now)) for now in (end, end + 0.1)] == [2, 1]
