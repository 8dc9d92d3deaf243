"""Which processor gets a request: filter those that can, score them by load, choose the better of two.

Facts in, decision out. What instances say of themselves is up to a second old, so the caller also tells what it has
sent to each one itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from covey.domain.model_names import spellings
from covey.errors import Forbidden, InvalidRequest, ModelLoadFailed, ModelNotFound, NoWorkerAvailable, Overloaded
from covey.protocol.ids import InstanceId, ModelName
from covey.protocol.registry import InstanceInfo, ModelInfo

COLD_PENALTY = 1.0
"""A model that has to be loaded first counts like an instance whose slots are all taken."""
LOADING_PENALTY = 0.5
SLOTS_IF_UNKNOWN = 8
LONGEST_RETRY_S = 60.0


class Candidate(msgspec.Struct, frozen=True):
    """An instance that could take the request, and the model it would answer with."""

    info: InstanceInfo
    model: ModelInfo
    occupancy: int
    """Requests it runs or keeps waiting, as far as is known."""

    @property
    def slots(self) -> int:
        return self.info.load.slots or SLOTS_IF_UNKNOWN

    @property
    def full(self) -> bool:
        """Whether it would refuse. Instances without a known limit never count as full."""
        load = self.info.load
        return load.slots > 0 and load.waiting_limit > 0 and self.occupancy >= load.slots + load.waiting_limit

    @property
    def score(self) -> float:
        """Lower is better: how many times over its slots are taken."""
        penalty = {"loaded": 0.0, "loading": LOADING_PENALTY}.get(self.model.state, COLD_PENALTY)
        return self.occupancy / self.slots + penalty


class ModelIndex:
    """Finds a model of an instance by name or alias. An instance's names are read once per announcement."""

    def __init__(self) -> None:
        self._names: dict[InstanceId, tuple[tuple[ModelInfo, ...], dict[str, ModelInfo]]] = {}

    def find(self, info: InstanceInfo, name: str) -> ModelInfo | None:
        known = self._names.get(info.instance)
        if known is None or (known[0] is not info.models and known[0] != info.models):
            known = self._names[info.instance] = (info.models, names_of(info.models))
        names = known[1]
        model = names.get(name)
        if model is not None:
            return model
        return next((names[spelling] for spelling in spellings(name) if spelling in names), None)

    def keep_only(self, instances: Collection[InstanceId]) -> None:
        """Forget instances that are gone."""
        for gone in self._names.keys() - set(instances):
            del self._names[gone]

    def __len__(self) -> int:
        return len(self._names)


def names_of(models: Sequence[ModelInfo]) -> dict[str, ModelInfo]:
    """Every name that leads to a model: own names before aliases."""
    names: dict[str, ModelInfo] = {}
    for model in models:
        names.setdefault(model.name, model)
    for model in models:
        for alias in model.aliases:
            names.setdefault(alias, model)
    return names


def permitted(model: ModelInfo, allowed: Collection[str] | None) -> bool:
    """Whether a credential limited to ``allowed`` names and aliases may use the model, whatever it calls it."""
    if allowed is None or model.name in allowed:
        return True
    return any(alias in allowed for alias in model.aliases)


def candidates(
    name: str,
    instances: Sequence[InstanceInfo],
    index: ModelIndex,
    *,
    allowed: Collection[str] | None,
    outstanding: Mapping[InstanceId, int],
) -> list[Candidate]:
    """Everybody who serves a model of that name which the credential may use.

    Raises Forbidden when the credential is limited to other models, the same whether the model exists or not;
    ModelNotFound when nobody has it.
    """
    found, hidden = [], False
    for info in instances:
        model = index.find(info, name)
        if model is None:
            continue
        if not permitted(model, allowed):
            hidden = True
            continue
        occupancy = info.load.running + info.load.waiting
        found.append(Candidate(info, model, max(occupancy, outstanding.get(info.instance, 0))))
    if not found:
        if allowed is not None and (hidden or name not in allowed):
            raise Forbidden("the credential may not use this model", param="model")
        raise ModelNotFound(nowhere(instances), param="model")
    return found


def seeing(found: list[Candidate]) -> list[Candidate]:
    """Those whose model takes pictures. Raises InvalidRequest, with the reason, when none does."""
    able = [candidate for candidate in found if "vision" in candidate.model.capabilities]
    if not able:
        raise InvalidRequest(
            f"the model {found[0].model.name} cannot see images: vision is not among its capabilities", param="messages"
        )
    return able


def choose(found: Sequence[Candidate], random_fraction: float, excluded: Collection[InstanceId] = ()) -> Candidate:
    """The better of two at random, models that are loaded and have a free slot before all others.

    ``random_fraction`` is at least 0 and below 1. Raises NoWorkerAvailable when nobody is able to now, ModelLoadFailed
    when that is because something is wrong with the model itself, Overloaded when all are full.
    """
    able = [
        candidate
        for candidate in found
        if candidate.info.state == "serving"
        and candidate.model.state != "unavailable"
        and candidate.info.instance not in excluded
    ]
    if not able:
        problems = [candidate.model.problem for candidate in found]
        if problems[0] is not None and None not in problems:
            raise ModelLoadFailed(problems[0], param="model")
        raise NoWorkerAvailable("no processor can run this model at the moment")
    if len(able) == 1 and not able[0].full:
        return able[0]
    open_ = [candidate for candidate in able if not candidate.full]
    if not open_:
        raise Overloaded("every processor of this model is full", retry_after_s=_retry_after_s(able))
    free = [candidate for candidate in open_ if candidate.occupancy < candidate.slots]
    ready = [candidate for candidate in free if candidate.model.state == "loaded"]
    return _better_of_two(ready or free or open_, random_fraction)


def _better_of_two(pool: Sequence[Candidate], random_fraction: float) -> Candidate:
    size = len(pool)
    if size == 1:
        return pool[0]
    pair = int(random_fraction * size * (size - 1))
    first, second = divmod(pair, size - 1)
    if second >= first:
        second += 1
    return min(pool[first], pool[second], key=lambda candidate: candidate.score)


def _retry_after_s(found: Sequence[Candidate]) -> float:
    waits = [
        (candidate.info.load.service_time_s or 1.0) * (candidate.occupancy - candidate.slots + 1) / candidate.slots
        for candidate in found
    ]
    return max(1.0, min(LONGEST_RETRY_S, min(waits)))


def nowhere(instances: Sequence[InstanceInfo]) -> str:
    """What is said of a name that nobody serves."""
    if not instances:
        return "no processor is connected, so there is no model to use"
    if not any(info.models for info in instances):
        return "no model is installed; get one with `covey pull`, or connect a processor that has one"
    return "no processor serves a model of this name; the list of models shows what there is"


def merged(
    instances: Sequence[InstanceInfo], allowed: Collection[str] | None
) -> list[tuple[ModelInfo, list[InstanceInfo]]]:
    """The models of the whole service by name, each with who has it; the best state of any of them is shown."""
    order = {"loaded": 0, "loading": 1, "cold": 2, "unavailable": 3}
    models: dict[ModelName, ModelInfo] = {}
    holders: dict[ModelName, list[InstanceInfo]] = {}
    for info in instances:
        for model in info.models:
            if not permitted(model, allowed):
                continue
            known = models.get(model.name)
            models[model.name] = model if known is None else _joined(known, model, order)
            holders.setdefault(model.name, []).append(info)
    return [(models[name], holders[name]) for name in sorted(models)]


def _joined(one: ModelInfo, other: ModelInfo, order: Mapping[str, int]) -> ModelInfo:
    better = one if order[one.state] <= order[other.state] else other
    return msgspec.structs.replace(
        better,
        aliases=tuple(sorted({*one.aliases, *other.aliases})),
        is_default=one.is_default or other.is_default,
    )
