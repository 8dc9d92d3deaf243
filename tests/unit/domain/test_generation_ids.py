from __future__ import annotations

import pytest

from covey.domain.generation_ids import generation_id, instance_suffix, is_generation_id, owner_of
from covey.protocol.ids import InstanceId
from covey.runtime.identifiers import mint, mint_instance


def test_an_id_leads_back_to_the_instance_that_made_it() -> None:
    instances = [InstanceId(mint_instance("client")) for _ in range(5)]
    made = generation_id(instances[3], mint("gen").partition("_")[2])
    assert owner_of(made, instances) == instances[3]
    assert owner_of(made, instances[:3]) is None


def test_the_scope_of_an_instance_is_not_part_of_the_id() -> None:
    instance = InstanceId(mint_instance("client", "joined"))
    made = generation_id(instance, "0abc")
    assert "joined" not in made
    assert owner_of(made, [instance]) == instance


@pytest.mark.parametrize(
    "text", ["", "gen_", "gen_a", "gen_a_", "gen_A_b", "gen_a_b\n", "gen_a_b_c", "x_a_b", "gen_*_>"]
)
def test_anything_else_is_no_id_and_has_no_owner(text: str) -> None:
    assert not is_generation_id(text)
    assert owner_of(text, [InstanceId("client-a")]) is None


def test_an_id_is_never_made_of_anything_but_lower_case_and_digits() -> None:
    with pytest.raises(ValueError, match="lower-case"):
        generation_id(InstanceId("client-a"), "a.b")
    with pytest.raises(ValueError, match="lower-case"):
        generation_id(InstanceId("client-A*"), "ab")
    assert instance_suffix(InstanceId("client-0a1b")) == "0a1b"
