"""The settings that a node runs with, as an administrator sees them."""

from __future__ import annotations

from typing import Any, Literal

from covey.protocol.endpoint import Empty, Endpoint, Message
from covey.protocol.ids import NodeName

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


class SettingsInForce(Message, frozen=True, kw_only=True):
    node: NodeName
    items: tuple[SettingInForce, ...] = ()


LIST_SETTINGS = Endpoint("gateway.list_settings", Empty, SettingsInForce, idempotent=True)
