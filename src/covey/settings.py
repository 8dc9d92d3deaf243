"""The only reader of settings: defaults < ``covey.toml`` < environment < command line, checked as one whole.

A key that nobody knows is refused with its full path and the nearest one that exists; a value of the wrong type or out
of range names the path and what was expected. Any text setting ``x`` may be given as ``x_file``: a path whose content
is the value.

The environment spells a path with two underscores: ``COVEY__BRIDGE__PORT=9000`` is ``bridge.port``. Values that begin
with ``[`` or ``{`` are JSON.
"""

from __future__ import annotations

import difflib
import os
import re
import socket
import tomllib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from covey.backends.llamacpp.config import LlamaCppConfig
from covey.backends.ollama.config import OllamaConfig
from covey.backends.openai.config import OpenAIConfig
from covey.backends.sample import SampleConfig
from covey.bridge.config import BridgeConfig
from covey.errors import BadSettings
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.logging import LogConfig
from covey.facilities.metrics import MetricsConfig
from covey.facilities.nats_configuration import NatsServerConfig
from covey.facilities.store_config import NatsStoreConfig
from covey.protocol.settings import Origin
from covey.quantities import Seconds, limits_of, range_in_words
from covey.workers.auth.config import AuthConfig
from covey.workers.client.config import ClientConfig
from covey.workers.gateway.config import GatewayConfig
from covey.workers.processor.config import ProcessorConfig

ENVIRONMENT_PREFIX = "COVEY__"
SECRET_NAMES = re.compile(r"(^|_)(password|secret|token|api_key|seed)$")
MASK = "********"
OUT_OF_RANGE = re.compile(r"Expected `(int|float)` [<>]")


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """This machine."""

    name: str = ""
    """What this machine is called in lists and answers; empty: its host name. Letters, digits, ``-`` and ``_``."""
    data_dir: str = "data"
    """Where everything that has to last is kept: ``mesh/``, ``auth/``, ``client/``, ``gateway/``, ``processor/``."""
    drain_timeout_s: Seconds = 30.0
    """How long running requests may go on after a stop was asked for; then they end with an error."""


class MeshConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The network between workers."""

    url: str = ""
    """NATS servers to use, separated by commas, for example ``nats://127.0.0.1:4222``; empty: the node starts one."""
    server: NatsServerConfig = NatsServerConfig()
    """The nats-server that a node starts when ``url`` is empty."""
    connection: NatsConnectionConfig = NatsConnectionConfig()
    """How workers connect. Its ``urls`` and ``seed_file`` are filled in by the node when they are empty."""
    caller_keys: tuple[str, ...] = ()
    """Public keys (``U…``) of the identities whose calls auth and processor workers of this process take: those of the
    gateways, and of whole nodes. Empty: those that the node's own nats-server knows, or the mesh that was joined; where
    neither is known, the server's permissions decide alone."""


class EnginesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What runs models on this node. Several of each kind may be listed; their names have to differ."""

    llamacpp: LlamaCppConfig = LlamaCppConfig()
    """The embedded engine. It serves the files of the catalogue and those named here."""
    ollama: tuple[OllamaConfig, ...] = ()
    """Ollama servers."""
    openai: tuple[OpenAIConfig, ...] = ()
    """Servers with OpenAI's API: vLLM, SGLang, llama-server and their like."""
    sample: tuple[SampleConfig, ...] = ()
    """Engines that answer with made-up tokens at a set pace, for tests and benchmarks."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of a node. Each part belongs to the component of its name, which sees only its own."""

    node: NodeConfig = NodeConfig()
    log: LogConfig = LogConfig()
    metrics: MetricsConfig = MetricsConfig()
    mesh: MeshConfig = MeshConfig()
    store: NatsStoreConfig = NatsStoreConfig()
    auth: AuthConfig = AuthConfig()
    gateway: GatewayConfig = GatewayConfig()
    client: ClientConfig = ClientConfig()
    processor: ProcessorConfig = ProcessorConfig()
    bridge: BridgeConfig = BridgeConfig()
    engines: EnginesConfig = EnginesConfig()


def load(
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read, merge and check. ``overrides`` maps dotted paths to values. Raises BadSettings naming the path at fault."""
    merged: dict[str, Any] = {}
    if file is not None:
        merge(merged, read_file(file))
    merge(merged, from_environment(os.environ if environment is None else environment))
    for path, value in (overrides or {}).items():
        put(merged, path.split("."), value)
    return check(merged)


def origins_of(
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Origin]:
    """Where each setting that is no default was given: path → origin. The same arguments as ``load``, after it."""
    found: dict[str, Origin] = {}
    if file is not None:
        found |= dict.fromkeys(leaves(read_file(file)), "file")
    found |= dict.fromkeys(leaves(from_environment(os.environ if environment is None else environment)), "environment")
    found |= dict.fromkeys(overrides or {}, "argument")
    return found


def leaves(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The dotted paths of everything that is no table."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def check(values: dict[str, Any]) -> Settings:
    """The typed settings out of plain values."""
    read_value_files(values, Settings, "")
    for path, name, known in unknown_keys(values, Settings, ""):
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {path}{nearest[0]}?" if nearest else f"; known here: {', '.join(sorted(known))}"
        raise BadSettings(f"there is no setting {path}{name}{hint}", param=f"{path}{name}")
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$.")
        path = where.rstrip("`")
        annotation = annotation_of(path)
        if text.startswith("Invalid enum value"):
            text = f"{text.removeprefix('Invalid enum value ')} is none of {', '.join(choices_of(annotation))}"
        elif OUT_OF_RANGE.match(text) and (limits := limits_of(annotation)) is not None:
            text = f"{range_in_words(limits)} is needed"
        raise BadSettings(f"{path}: {text[:1].lower()}{text[1:]}", param=path) from error
    return with_node_name(settings)


def with_node_name(settings: Settings) -> Settings:
    name = settings.node.name or re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname())[:40] or "node"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise BadSettings("node.name: 1 to 40 letters, digits, - and _", param="node.name")
    return msgspec.structs.replace(settings, node=msgspec.structs.replace(settings.node, name=name))


def read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except FileNotFoundError as error:
        raise BadSettings(f"there is no settings file {file}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"the settings file {file} cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{file}: {error}") from error


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        path = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if text[:1] in ("[", "{"):
            try:
                put(found, path, msgspec.json.decode(text))
            except msgspec.DecodeError as error:
                raise BadSettings(f"{name} is not valid JSON", param=".".join(path)) from error
        else:
            put(found, path, text)
    return found


def put(target: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, last = path
    for part in parents:
        inner = target.setdefault(part, {})
        if not isinstance(inner, dict):
            raise BadSettings(f"{'.'.join(path)}: {part} is not a section", param=".".join(path))
        target = inner
    target[last] = value


def merge(target: dict[str, Any], addition: Mapping[str, Any]) -> None:
    for name, value in addition.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            merge(target[name], value)
        else:
            target[name] = value


def struct_of(annotation: Any) -> type[msgspec.Struct] | None:
    """The Struct that values of this annotation are made of, if there is just one: itself, an item, an optional."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    if get_origin(annotation) in (tuple, list, Union, types.UnionType):
        inner = {found for part in get_args(annotation) if (found := struct_of(part)) is not None}
        return inner.pop() if len(inner) == 1 else None
    return None


def sections(value: Any, struct: type[msgspec.Struct], path: str) -> Iterator[tuple[Any, type[msgspec.Struct], str]]:
    """Every table of settings below and including ``value``, with its Struct and dotted path."""
    if not isinstance(value, dict):
        return
    yield value, struct, path
    for field in msgspec.structs.fields(struct):
        inner_struct = struct_of(field.type)
        inner = value.get(field.encode_name)
        if inner_struct is None or inner is None:
            continue
        if isinstance(inner, list):
            for position, item in enumerate(inner):
                yield from sections(item, inner_struct, f"{path}{field.encode_name}[{position}].")
        else:
            yield from sections(inner, inner_struct, f"{path}{field.encode_name}.")


def annotation_of(path: str) -> Any:
    """The type of the setting with this path; None where there is none."""
    struct: type[msgspec.Struct] | None = Settings
    annotation: Any = None
    for name in re.sub(r"\[[^]]*\]", "", path).split("."):
        found = [field.type for field in msgspec.structs.fields(struct) if field.encode_name == name] if struct else []
        annotation = found[0] if found else None
        struct = struct_of(annotation)
    return annotation


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The texts that a setting of this type takes, if it takes none but those."""
    return tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()


def unknown_keys(values: Any, struct: type[msgspec.Struct], path: str) -> Iterator[tuple[str, str, list[str]]]:
    for section, section_struct, section_path in sections(values, struct, path):
        known = [field.encode_name for field in msgspec.structs.fields(section_struct)]
        for name in section:
            if name not in known:
                yield section_path, name, known


def read_value_files(values: dict[str, Any], struct: type[msgspec.Struct], path: str) -> None:
    """Replace ``x_file`` by ``x`` with the file's content wherever ``x`` is a setting and ``x_file`` is none."""
    for section, section_struct, section_path in list(sections(values, struct, path)):
        known = {field.encode_name for field in msgspec.structs.fields(section_struct)}
        for name in [name for name in section if name.endswith("_file") and name not in known]:
            base = name.removesuffix("_file")
            if base not in known:
                continue
            if base in section:
                raise BadSettings(
                    f"{section_path}{base} and {section_path}{name} are both set", param=section_path + name
                )
            try:
                section[base] = Path(str(section.pop(name))).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise BadSettings(
                    f"{section_path}{name}: the file cannot be read", param=section_path + name
                ) from error


def masked(value: Any, name: str = "") -> Any:
    """Plain values of the effective settings, secrets replaced, for showing."""
    if isinstance(value, msgspec.Struct):
        return {
            field.encode_name: masked(getattr(value, field.name), field.encode_name)
            for field in msgspec.structs.fields(value)
        }
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    if isinstance(value, dict):
        return {key: masked(item, str(key)) for key, item in value.items()}
    return MASK if value and SECRET_NAMES.search(name) else value
