from __future__ import annotations

import json

from covey.bridge.json_objects import complete, encode_complete
from covey.protocol.ids import ModelName
from covey.protocol.inference import ChatMessage, Delta, Queued, TextPart
from covey.protocol.registry import CatalogueModel, ModelInfo, ModelList


def test_defaults_are_there() -> None:
    assert complete(Queued(position=2)) == {"type": "queued", "position": 2, "estimated_wait_s": None}
    assert complete(Delta(text="a"))["tool_calls"] == []


def test_nested_messages_are_complete_too() -> None:
    models = ModelList(items=(CatalogueModel(model=ModelInfo(name=ModelName("m")), instances=(), nodes=()),))
    found = json.loads(encode_complete(models))
    assert found["items"][0]["model"]["state"] == "cold"
    message = complete(ChatMessage(role="user", content=(TextPart(text="x"),)))
    assert message["content"] == [{"type": "text", "text": "x"}]
