"""Who is there and what they can do: presence, load and models."""

from __future__ import annotations

from typing import Any, Literal

from covey.protocol.endpoint import Empty, Endpoint, Message, StreamEndpoint
from covey.protocol.ids import InstanceId, ModelName, NodeName

InstanceState = Literal["starting", "serving", "draining", "stopped", "failed"]
ModelState = Literal["loaded", "cold", "loading", "unavailable"]
Capability = Literal["chat", "completion", "embedding", "tools", "vision", "thinking"]


class ModelInfo(Message, frozen=True, kw_only=True):
    """A model as one processor offers it."""

    name: ModelName
    aliases: tuple[ModelName, ...] = ()
    engine: str = ""
    state: ModelState = "cold"
    capabilities: tuple[Capability, ...] = ("chat", "completion")
    context_length: int | None = None
    """Tokens that fit prompt and answer of one request."""
    size_bytes: int | None = None
    parameters: str | None = None
    """For example ``135M``."""
    quantization: str | None = None
    family: str | None = None
    digest: str | None = None
    """``sha256:…`` of the model file, if it is one."""
    modified_at: float | None = None
    is_default: bool = False
    description: str | None = None
    """What an administrator says of it."""
    hidden: bool = False
    """Kept from everybody but administrators."""
    restricted: bool = False
    """Whether only some may use it."""
    problem: str | None = None
    """Why it is unavailable, for example that its file is damaged; None: nothing is known to be wrong with it."""


class LoadReport(Message, frozen=True, kw_only=True):
    running: int = 0
    waiting: int = 0
    slots: int = 0
    """How many requests can run at once; 0: not known or not limited."""
    waiting_limit: int = 0
    """How many may wait; further ones are refused."""
    service_time_s: float | None = None
    """Mean time a request holds a slot, recent ones weighted most."""


class InstanceInfo(Message, frozen=True, kw_only=True):
    """One worker's heartbeat, sent each second and whenever it changes."""

    service: str
    instance: InstanceId
    node: NodeName
    state: InstanceState = "serving"
    version: str = ""
    started_at: float = 0.0
    load: LoadReport = LoadReport()
    models: tuple[ModelInfo, ...] = ()
    pid: int = 0
    cpu_percent: float | None = None
    """What its process takes, of one core; workers of one process say the same."""
    memory_bytes: int | None = None
    """Of its process, resident."""
    mesh_server: str | None = None
    """The NATS server that it is connected to, ``host:port``; None: it has no connection."""
    keeps_mesh: bool = False
    """Of a gateway: whether it runs beside the nats-server, so that it can let machines in and out."""


class CatalogueModel(Message, frozen=True, kw_only=True):
    """A model of the whole service, whatever the number of processors that have it."""

    model: ModelInfo
    instances: tuple[InstanceId, ...]
    nodes: tuple[NodeName, ...]


class ModelList(Message, frozen=True, kw_only=True):
    items: tuple[CatalogueModel, ...]


class JoinedNode(Message, frozen=True, kw_only=True):
    """A machine that came by invitation."""

    name: NodeName
    kind: Literal["processor"] = "processor"
    joined_at: float
    invited_by: str = ""
    """The name of the administrator, as it was then."""


class NodeInfo(Message, frozen=True, kw_only=True):
    name: NodeName
    instances: tuple[InstanceInfo, ...]
    """None while a node that joined is away."""
    joined: JoinedNode | None = None
    """None: it is no guest; it has the mesh, or brought its identities along."""


class NodeList(Message, frozen=True, kw_only=True):
    items: tuple[NodeInfo, ...]


class ModelRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: ModelName


class ModelDetails(Message, frozen=True, kw_only=True):
    model: ModelInfo
    template: str | None = None
    parameters: dict[str, Any] = {}
    """Default sampling parameters: what the model's file or engine says, and above it the settings."""
    metadata: dict[str, Any] = {}
    """What the model file or the engine says of itself, scalars only."""
    license: str | None = None


class RunningModel(Message, frozen=True, kw_only=True):
    model: ModelInfo
    instance: InstanceId
    node: NodeName
    running: int = 0
    waiting: int = 0
    slots: int = 0
    expires_at: float | None = None
    """When the engine means to unload it; None: not by itself."""


class RunningModelList(Message, frozen=True, kw_only=True):
    items: tuple[RunningModel, ...]


class PullModel(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: ModelName
    """A name of the catalogue, or ``https://…/file.gguf`` with ``sha256`` when the settings allow addresses."""
    sha256: str | None = None
    name: ModelName | None = None
    """What to call it here, if not by its own name."""
    detached: bool = False
    """Whether the download goes on when nobody watches it any more."""


class PullProgress(Message, frozen=True, kw_only=True):
    status: str
    """``resolving``, ``downloading``, ``verifying``, ``installing``, ``done``."""
    digest: str | None = None
    total_bytes: int | None = None
    completed_bytes: int | None = None


PROCESSOR_SHOW_MODEL = Endpoint("processor.show_model", ModelRef, ModelDetails, idempotent=True)
PROCESSOR_LIST_RUNNING = Endpoint("processor.list_running", Empty, RunningModelList, idempotent=True)
PROCESSOR_REMOVE_MODEL = Endpoint("processor.remove_model", ModelRef, Empty, timeout_s=30.0, idempotent=True)
PROCESSOR_PULL_MODEL: StreamEndpoint[PullModel, PullProgress] = StreamEndpoint(
    "processor.pull_model", PullModel, PullProgress
)
