from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from covey.domain.placement import Candidate, ModelIndex, candidates, choose, merged, seeing
from covey.errors import Forbidden, InvalidRequest, ModelLoadFailed, ModelNotFound, NoWorkerAvailable, Overloaded
from covey.protocol.ids import InstanceId, ModelName, NodeName
from covey.protocol.registry import InstanceInfo, LoadReport, ModelInfo


def model(name: str = "a", *, aliases: tuple[str, ...] = (), state: Any = "loaded") -> ModelInfo:
    return ModelInfo(name=ModelName(name), aliases=tuple(map(ModelName, aliases)), state=state)


def processor(number: int, *models: ModelInfo, state: Any = "serving", **load: Any) -> InstanceInfo:
    report = LoadReport(**{"slots": 2, "waiting_limit": 2, **load})
    return InstanceInfo(
        service="processor",
        instance=InstanceId(f"processor-{number}"),
        node=NodeName("n"),
        state=state,
        load=report,
        models=models,
    )


def found(
    name: str, *instances: InstanceInfo, allowed: tuple[str, ...] | None = None, outstanding: Any = None
) -> list[Candidate]:
    return candidates(name, instances, ModelIndex(), allowed=allowed, outstanding=outstanding or {})


def numbers(result: list[Candidate]) -> list[str]:
    return [candidate.info.instance[-1] for candidate in result]


def test_everybody_who_has_the_model_by_name_or_alias_is_a_candidate() -> None:
    instances = [processor(1, model("a")), processor(2, model("b", aliases=("a",))), processor(3, model("c"))]
    assert numbers(found("a", *instances)) == ["1", "2"]


def test_pictures_go_to_models_that_see_and_others_say_that_they_do_not() -> None:
    seer = msgspec.structs.replace(model("a"), capabilities=("chat", "vision"))
    both = found("a", processor(1, model("a")), processor(2, seer))
    assert numbers(seeing(both)) == ["2"]
    with pytest.raises(InvalidRequest, match="the model a cannot see images") as caught:
        seeing(both[:1])
    assert caught.value.param == "messages"


def test_an_own_name_goes_before_an_alias_of_another_model() -> None:
    instance = processor(1, model("b", aliases=("a",)), model("a"))
    (candidate,) = found("a", instance)
    assert candidate.model.name == "a"


def test_an_announcement_with_other_models_replaces_what_was_known() -> None:
    index = ModelIndex()
    assert index.find(processor(1, model("a")), "a") is not None
    assert index.find(processor(1, model("b")), "a") is None
    index.keep_only([])
    assert len(index) == 0


def test_a_model_nobody_has_is_not_found_and_the_reason_fits() -> None:
    with pytest.raises(ModelNotFound, match="no processor is connected"):
        found("a")
    with pytest.raises(ModelNotFound, match="no model is installed"):
        found("a", processor(1))
    with pytest.raises(ModelNotFound, match="no processor serves"):
        found("a", processor(1, model("b")))


def test_a_limited_credential_is_refused_alike_whether_the_model_exists_or_not() -> None:
    instance = processor(1, model("a"), model("b"))
    details = set()
    for name in ("b", "nothing"):
        with pytest.raises(Forbidden) as caught:
            found(name, instance, allowed=("a",))
        details.add(caught.value.detail)
    assert len(details) == 1
    with pytest.raises(ModelNotFound):
        found("gone", instance, allowed=("gone",))


def test_an_alias_leads_only_to_processors_where_it_means_an_allowed_model() -> None:
    instances = [processor(1, model("a", aliases=("fast",))), processor(2, model("b", aliases=("fast",)))]
    assert numbers(found("fast", *instances, allowed=("a",))) == ["1"]
    assert numbers(found("fast", *instances, allowed=("fast",))) == ["1", "2"]


def test_the_less_loaded_of_two_is_chosen_whatever_the_random_number() -> None:
    pair = found("a", processor(1, model(), running=1), processor(2, model()))
    assert {choose(pair, fraction).info.instance for fraction in (0.0, 0.5, 0.999)} == {"processor-2"}


def test_what_was_sent_there_counts_before_it_is_announced() -> None:
    pair = found("a", processor(1, model()), processor(2, model()), outstanding={"processor-1": 2})
    assert choose(pair, 0.0).info.instance == "processor-2"


def test_a_loaded_model_with_a_free_slot_goes_before_a_cold_idle_one() -> None:
    pair = found("a", processor(1, model(), running=1), processor(2, model(state="cold")))
    assert choose(pair, 0.0).info.instance == "processor-1"
    busy = found("a", processor(1, model(), running=2), processor(2, model(state="cold")))
    assert choose(busy, 0.0).info.instance == "processor-2"


def test_instances_that_leave_and_models_that_cannot_be_used_are_passed_over() -> None:
    several = found(
        "a",
        processor(1, model(), state="draining"),
        processor(2, model(state="unavailable")),
        processor(3, model()),
    )
    assert choose(several, 0.9).info.instance == "processor-3"
    with pytest.raises(NoWorkerAvailable):
        choose(several, 0.9, {InstanceId("processor-3")})


def test_a_model_with_something_wrong_everywhere_is_refused_with_the_reason() -> None:
    damaged = msgspec.structs.replace(model(state="unavailable"), problem="the file is damaged")
    with pytest.raises(ModelLoadFailed, match="the file is damaged"):
        choose(found("a", processor(1, damaged), processor(2, damaged)), 0.0)
    with pytest.raises(NoWorkerAvailable):
        choose(found("a", processor(1, damaged), processor(2, model(), state="draining")), 0.0)


def test_when_all_are_full_the_refusal_says_when_to_come_back() -> None:
    full = found("a", processor(1, model(), running=2, waiting=2, service_time_s=4.0))
    with pytest.raises(Overloaded) as caught:
        choose(full, 0.0)
    assert caught.value.retry_after_s == pytest.approx(6.0)


def test_an_instance_that_tells_no_limits_is_never_full() -> None:
    (candidate,) = found("a", processor(1, model(), slots=0, waiting_limit=0, running=500))
    assert not candidate.full


def test_two_choices_spread_the_load_over_many_instances() -> None:
    source = random.Random(7)
    outstanding: dict[InstanceId, int] = {}
    instances = [processor(number, model(), slots=100, waiting_limit=0) for number in range(8)]
    for _ in range(800):
        chosen = choose(found("a", *instances, outstanding=outstanding), source.random()).info.instance
        outstanding[chosen] = outstanding.get(chosen, 0) + 1
    assert len(outstanding) == 8
    assert max(outstanding.values()) - min(outstanding.values()) <= 8


def test_the_catalogue_shows_each_model_once_in_its_best_state() -> None:
    instances = [processor(1, model("a", state="cold", aliases=("x",))), processor(2, model("a"), model("b"))]
    shown = merged(instances, None)
    assert [(info.name, info.state, len(holders)) for info, holders in shown] == [
        ("a", "loaded", 2),
        ("b", "loaded", 1),
    ]
    assert shown[0][0].aliases == ("x",)
    assert [info.name for info, _ in merged(instances, ("x",))] == ["a"]
