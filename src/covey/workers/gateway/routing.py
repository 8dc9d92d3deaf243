"""Where requests go: the placement decision with what this gateway knows now."""

from __future__ import annotations

from collections.abc import Callable, Collection

from covey.domain.model_names import nearest
from covey.domain.model_rules import ModelRules
from covey.domain.placement import Candidate, ModelIndex, candidates, choose, merged, nowhere, seeing
from covey.errors import ModelNotFound
from covey.protocol.auth import Identity
from covey.protocol.ids import InstanceId
from covey.rpc.bus import Bus

PROCESSOR = "processor"


class Routing:
    """Counts what it sent where, because what processors say of themselves may be a second old."""

    def __init__(self, bus: Bus, random_fraction: Callable[[], float], rules: ModelRules | None = None) -> None:
        self.rules = ModelRules() if rules is None else rules
        self._bus = bus
        self._random_fraction = random_fraction
        self._index = ModelIndex()
        self._outstanding: dict[InstanceId, int] = {}

    def candidates(self, model: str, identity: Identity, *, images: bool = False) -> list[Candidate]:
        """Those that can answer, with ``images`` those that see. Raises Forbidden, ModelNotFound, which names what may
        have been meant, or InvalidRequest when the model sees nothing. A model that somebody may not use does not
        exist for them."""
        instances = self._bus.instances(PROCESSOR)
        if len(self._index) > 2 * len(instances) + 8:
            self._index.keep_only({info.instance for info in instances})
        rules, allowed = self.rules, identity.models
        if rules:
            model, allowed = rules.own_name(model), rules.allowed_names(identity)
        try:
            found = candidates(model, instances, self._index, allowed=allowed, outstanding=self._outstanding)
            if rules:
                found = [each for each in found if rules.may_use(each.model.name, identity)]
                if not found:
                    raise ModelNotFound(nowhere(instances), param="model")
        except ModelNotFound as error:
            known = [each.name for each, _ in merged(instances, allowed) if rules.may_use(each.name, identity)]
            close = nearest(model, known)
            if not close:
                raise
            raise ModelNotFound(f"{error.detail}; did you mean {' or '.join(close)}?", param="model") from error
        return seeing(found) if images else found

    def choose(self, found: list[Candidate], excluded: Collection[InstanceId] = ()) -> Candidate:
        """Raises NoWorkerAvailable or Overloaded."""
        return choose(found, self._random_fraction(), excluded)

    def sent(self, instance: InstanceId) -> None:
        self._outstanding[instance] = self._outstanding.get(instance, 0) + 1

    def received(self, instance: InstanceId) -> None:
        left = self._outstanding[instance] - 1
        if left:
            self._outstanding[instance] = left
        else:
            del self._outstanding[instance]

    @property
    def outstanding(self) -> int:
        return sum(self._outstanding.values())
