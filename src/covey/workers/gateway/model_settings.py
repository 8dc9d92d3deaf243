"""What administrators decided about models: kept in the store, watched by every gateway."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from covey.domain.model_rules import ModelRules, check_settings, settings_of
from covey.domain.placement import merged
from covey.domain.request_checks import RequestLimits, check_generate
from covey.errors import ModelNotFound
from covey.protocol.auth import Identity
from covey.protocol.endpoint import Empty
from covey.protocol.ids import ModelName
from covey.protocol.inference import Generate
from covey.protocol.model_settings import ModelSettings, SetModelSettings
from covey.protocol.registry import ModelRef
from covey.rpc.bus import Bus
from covey.runtime.clock import Clock
from covey.store.key_value import KeyValue
from covey.store.read_copy import ReadCopy

PREFIX = "model"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ModelSettings).decode


class ModelSettingsStore:
    """Keeps ``rules`` what the store has, within a moment; the gateway that writes knows at once."""

    def __init__(self, bucket: KeyValue, bus: Bus, clock: Clock, rules: ModelRules, limits: RequestLimits) -> None:
        self._bucket = bucket
        self._bus = bus
        self._clock = clock
        self._rules = rules
        self._limits = limits
        self._copy: ReadCopy[ModelSettings] = ReadCopy(bucket, PREFIX, _decode, clock=clock)
        self._ahead: dict[str, ModelSettings | None] = {}
        """What was written here and has not come back through the watch yet."""
        self._copy.on_change(self._changed)

    async def start(self) -> None:
        """Complete when it returns. Raises StoreUnavailable."""
        await self._copy.start()

    async def stop(self) -> None:
        await self._copy.stop()

    def get(self, request: ModelRef) -> ModelSettings:
        """Raises ModelNotFound when neither a processor nor an administrator knows the model."""
        name = self._named(request.model)
        return self._rules.get(name) or ModelSettings(model=name)

    async def set(self, request: SetModelSettings, identity: Identity) -> ModelSettings:
        """Raises ModelNotFound, InvalidRequest, Conflict."""
        name = self._named(request.model)
        request = msgspec.structs.replace(request, model=name)
        check_settings(request, self._names(), self._rules)
        check_generate(Generate(model=name, prompt="x", sampling=request.sampling), self._limits)
        settings = settings_of(request, name, self._clock.now(), identity)
        await self._bucket.put(key_of(name), _encode(settings))
        self._put_in_force(name, settings)
        return settings

    async def reset(self, request: ModelRef) -> Empty:
        """What the settings file says holds again. Raises ModelNotFound."""
        name = self._named(request.model)
        await self._bucket.delete(key_of(name))
        self._put_in_force(name, None)
        return Empty()

    def _put_in_force(self, name: ModelName, settings: ModelSettings | None) -> None:
        """At once here; the watch tells the others, and this gateway again."""
        self._ahead[key_of(name)] = settings
        self._take_over()

    def _changed(self, key: str, _: ModelSettings | None) -> None:
        self._ahead.pop(key, None)
        self._take_over()

    def _take_over(self) -> None:
        known: dict[str, ModelSettings | None] = {**dict(self._copy.items()), **self._ahead}
        self._rules.replace(each for each in known.values() if each is not None)

    def _named(self, name: str) -> ModelName:
        own = self._rules.own_name(name)
        found = self._names().get(own)
        if found is None and self._rules.get(own) is None:
            raise ModelNotFound("there is no model of this name", param="model")
        return ModelName(found or own)

    def _names(self) -> dict[str, str]:
        """Every name that a processor has, with the model that it means; own names before aliases."""
        models = [model for model, _ in merged(self._bus.instances("processor"), None)]
        names: dict[str, str] = {alias: model.name for model in models for alias in model.aliases}
        return names | {model.name: model.name for model in models}


def key_of(model: str) -> str:
    return f"{PREFIX}.{sha256(model.encode()).hexdigest()[:40]}"
