"""What administrators decided about models, put to use: other names, who may, what requests get that say nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from covey.domain.model_names import is_valid, spellings
from covey.domain.request_checks import RequestSize
from covey.errors import Conflict, InvalidRequest
from covey.protocol.auth import Identity
from covey.protocol.ids import ModelName
from covey.protocol.inference import ChatMessage, Generate, Sampling
from covey.protocol.model_settings import ModelSettings, SetModelSettings
from covey.protocol.registry import ModelInfo

MOST_ALIASES = 16
MOST_USERS = 1000
LONGEST_SYSTEM_PROMPT = 32_000
LONGEST_DESCRIPTION = 500
_PLAIN = Sampling()


class ModelRules:
    """By the model's own name. Empty, which is the usual case, it costs a request nothing."""

    def __init__(self) -> None:
        self._settings: dict[str, ModelSettings] = {}
        self._aliases: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._settings)

    def get(self, model: str) -> ModelSettings | None:
        return self._settings.get(model)

    def replace(self, settings: Iterable[ModelSettings]) -> None:
        """These are all there are now."""
        self._settings = {each.model: each for each in sorted(settings, key=lambda each: each.model)}
        self._aliases = {}
        for each in self._settings.values():
            for alias in each.aliases:
                self._aliases.setdefault(alias, each.model)
                self._aliases.setdefault(alias.lower(), each.model)

    def own_name(self, name: str) -> str:
        """The model that a name means, when it is an alias that was given here; otherwise the name itself."""
        for spelling in spellings(name):
            if spelling in self._aliases:
                return self._aliases[spelling]
        return name

    def allowed_names(self, identity: Identity) -> tuple[str, ...] | None:
        """Names that the credential is limited to, with what those of them that are aliases mean."""
        if identity.models is None or not self._aliases:
            return identity.models
        return (*identity.models, *(self._aliases[name] for name in identity.models if name in self._aliases))

    def may_use(self, model: str, identity: Identity) -> bool:
        settings = self._settings.get(model)
        if settings is None or identity.role == "admin":
            return True
        if settings.hidden:
            return False
        access = settings.access
        if access.kind == "users":
            return identity.user_id in access.users
        return access.kind == "all" or identity.role in access.roles

    def shown(self, model: ModelInfo) -> ModelInfo:
        """As lists show it."""
        settings = self._settings.get(model.name)
        if settings is None:
            return model
        return msgspec.structs.replace(
            model,
            aliases=tuple(dict.fromkeys((*model.aliases, *settings.aliases))),
            description=settings.description,
            hidden=settings.hidden,
            restricted=settings.access.kind != "all",
        )

    def prepared(self, generate: Generate, size: RequestSize, model: str) -> tuple[Generate, RequestSize]:
        """The request with what was decided for the model where it says nothing itself, and how large it is then."""
        settings = self._settings.get(model)
        if settings is None:
            return generate, size
        if settings.sampling != _PLAIN:
            generate = msgspec.structs.replace(generate, sampling=filled(generate.sampling, settings.sampling))
        if settings.system_prompt and generate.messages and not _instructed(generate):
            first = ChatMessage(role="system", content=settings.system_prompt)
            generate = msgspec.structs.replace(generate, messages=(first, *generate.messages))
            size = RequestSize(size.text_chars + len(settings.system_prompt), size.images, size.messages + 1)
        return generate, size


def _instructed(generate: Generate) -> bool:
    return any(message.role in ("system", "developer") for message in generate.messages)


def filled(request: Sampling, defaults: Sampling) -> Sampling:
    """What the request says, and the defaults where it says nothing."""
    given = {
        name: value
        for name, value in msgspec.structs.asdict(request).items()
        if value is not None and not (name == "stop" and not value)
    }
    return msgspec.structs.replace(defaults, **given)


def check_settings(wanted: SetModelSettings, names: Mapping[str, str], rules: ModelRules) -> None:
    """``names``: every name that a processor knows, with the model that it means. Raises InvalidRequest, or Conflict
    when an alias means another model already."""
    if len(wanted.aliases) > MOST_ALIASES:
        raise InvalidRequest(f"a model has at most {MOST_ALIASES} further names", param="aliases")
    for alias in wanted.aliases:
        if not is_valid(alias):
            raise InvalidRequest("a model's name is letters, digits and - _ . : /", param="aliases")
        there = names.get(alias) or names.get(alias.lower()) or wanted.model
        decided = rules.own_name(alias)
        if there != wanted.model or decided not in (alias, wanted.model):
            raise Conflict(f"the name {alias} means another model already", param="aliases")
    if wanted.system_prompt is not None and len(wanted.system_prompt) > LONGEST_SYSTEM_PROMPT:
        raise InvalidRequest(f"a system prompt has at most {LONGEST_SYSTEM_PROMPT} characters", param="system_prompt")
    if wanted.description is not None and len(wanted.description) > LONGEST_DESCRIPTION:
        raise InvalidRequest(f"a description has at most {LONGEST_DESCRIPTION} characters", param="description")
    access = wanted.access
    if access.kind == "users" and not 1 <= len(access.users) <= MOST_USERS:
        raise InvalidRequest(f"name 1 to {MOST_USERS} users", param="access.users")
    if access.kind == "roles" and not access.roles:
        raise InvalidRequest("name a role at least", param="access.roles")


def settings_of(wanted: SetModelSettings, model: ModelName, now: float, identity: Identity) -> ModelSettings:
    return ModelSettings(
        model=model,
        aliases=tuple(alias for alias in dict.fromkeys(wanted.aliases) if alias != model),
        sampling=wanted.sampling,
        system_prompt=wanted.system_prompt or None,
        description=wanted.description or None,
        hidden=wanted.hidden,
        access=wanted.access,
        updated_at=now,
        updated_by=identity.user_id,
    )
