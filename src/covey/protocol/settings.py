"""The settings that a node runs with, as an administrator sees them."""

from __future__ import annotations

from typing import Any, Literal

from covey.protocol.endpoint import Empty, Endpoint, Message
from covey.protocol.ids import InstanceId, NodeName

Answering = Literal["gateway", "processor", "auth"]
Origin = Literal["default", "file", "environment", "argument"]
"""Where a value comes from: nowhere but the code, ``covey.toml``, a variable, or the command line."""


class SettingInForce(Message, frozen=True, kw_only=True):
    path: str
    """Dotted, for example ``bridge.port``; of lists with their positions: ``engines.openai[0].name``."""
    value: Any = None
    """As JSON has it; secrets are masked."""
    origin: Origin = "default"
    secret: bool = False
    about: str = ""
    """What the setting means, in a sentence."""


class AskSettings(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    node: NodeName | None = None
    """None: that of the gateway which answers."""
    service: Answering | None = None
    """Which of the node's processes, by what it serves; None: any, a gateway rather than others. Nodes that have
    neither gateway nor processor nor auth worker cannot be asked."""


class ShowSettings(Message, frozen=True, kw_only=True):
    """A gateway asks another one, which verifies the administrator's credential itself."""

    credential: str


class SettingsInForce(Message, frozen=True, kw_only=True):
    node: NodeName
    items: tuple[SettingInForce, ...] = ()
    service: Answering = "gateway"
    instance: InstanceId | None = None
    """Whose process was asked."""


LIST_SETTINGS = Endpoint("gateway.list_settings", AskSettings, SettingsInForce, idempotent=True)
GATEWAY_SHOW_SETTINGS = Endpoint("gateway.show_settings", ShowSettings, SettingsInForce, idempotent=True)
PROCESSOR_SHOW_SETTINGS = Endpoint("processor.show_settings", Empty, SettingsInForce, idempotent=True)
AUTH_SHOW_SETTINGS = Endpoint("auth.show_settings", Empty, SettingsInForce, idempotent=True)
