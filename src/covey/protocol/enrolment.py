"""What a machine that holds an invitation and the node that invited it say to each other, once."""

from __future__ import annotations

from covey.protocol.endpoint import Message


class Enrol(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sent as the invitation, which proves who asks; nothing in it is secret."""

    public_key: str
    """Of the key pair that the machine made for itself."""
    name: str
    """What it would be called if the invitation does not say."""
    version: str = ""


class Enrolled(Message, frozen=True, kw_only=True):
    """The answer. With ``error_code``, nothing has changed."""

    node: str = ""
    """What the machine is called from now on, and the scope of its grants."""
    authority: str = ""
    """The certificate of the mesh's authority, PEM: what the server shows has to be signed by it from now on."""
    callers: tuple[str, ...] = ()
    """Public keys of those whose calls the machine may believe."""
    error_code: str | None = None
    detail: str = ""
