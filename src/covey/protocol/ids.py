"""Distinct types for the identifiers that travel, so that no signature takes two bare strings for two different ids.

Ids are minted by ``covey.runtime.identifiers``: a prefix, an underscore and lower-case letters and digits only,
sortable by time of creation, never reused. Every id is a safe NATS subject token and a safe file name.
"""

from __future__ import annotations

from typing import NewType

RequestId = NewType("RequestId", str)
"""``req_…``, or a caller's own ``X-Request-Id`` of 1 to 64 letters, digits, ``_`` and ``-``."""
GenerationId = NewType("GenerationId", str)
"""``gen_<instance suffix>_…``: one generation; the client worker instance that owns it can be read off it."""
InstanceId = NewType("InstanceId", str)
"""``<service>-…``: one running worker; a restart makes a new one."""
NodeName = NewType("NodeName", str)
UserId = NewType("UserId", str)
KeyId = NewType("KeyId", str)
SessionId = NewType("SessionId", str)
InvitationId = NewType("InvitationId", str)
ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
AttachmentId = NewType("AttachmentId", str)
"""``att_…``: made from the content, so that the same picture has the same id."""
ModelName = NewType("ModelName", str)
