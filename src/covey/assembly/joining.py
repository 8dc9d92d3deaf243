"""A machine's way into a mesh, and how a node starts that belongs to one."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import msgspec

from covey import __version__
from covey.domain import join_tokens
from covey.errors import Forbidden, StartFailed
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.membership import Membership, MembershipFiles
from covey.facilities.mesh_certificates import SERVER_NAME
from covey.facilities.mesh_enrolment import enrol
from covey.facilities.mesh_identities import new_seed, public_key_of
from covey.protocol.enrolment import Enrol
from covey.settings import Settings

ALL_ROLES = ("mesh", "auth", "gateway", "client", "processor", "bridge")


def join(settings: Settings, token_text: str, name: str | None = None) -> Membership:
    """Ask to be let in, with a key of this machine's own, and keep what is needed to come back without the token. A
    machine that was removed, or is to go elsewhere, may join anew: what it has of models stays.

    Raises InvalidRequest for what is no token, Forbidden when the invitation is not open, Conflict when the data
    directory is that of a whole node or the name is taken, PeerUnavailable when the node is not reached, and
    StartFailed when the data directory is in use.
    """
    token = join_tokens.decode(token_text)
    if token.expires_at <= time.time():
        raise Forbidden("the invitation has expired, by this machine's clock: ask for a new one")
    files = MembershipFiles(Path(settings.node.data_dir))
    lock = files.lock()
    try:
        seed = new_seed()
        question = Enrol(
            public_key=public_key_of(seed, "processor"), name=name or settings.node.name[:32], version=__version__
        )
        answer, address = asyncio.run(enrol(token, question))
        # The one that answered comes first; the others stay, for the day on which this machine is elsewhere.
        addresses = (address, *(other for other in token.addresses if other != address))
        membership = Membership(node=answer.node, addresses=addresses, callers=answer.callers)
        files.save(membership, seed, answer.authority)
    finally:
        os.close(lock)
    return membership


def roles_of(settings: Settings, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """What runs here: what was chosen, or everything; on a machine that joined, what it joined as. Raises StartFailed
    when that was not chosen."""
    membership = MembershipFiles(Path(settings.node.data_dir)).load()
    if membership is None:
        return chosen or ALL_ROLES
    if set(chosen) - {membership.role}:
        raise StartFailed(
            f"this machine joined a mesh as {membership.role}; nothing else can run in its data directory"
        )
    return (membership.role,)


def joined_settings(settings: Settings, membership: Membership, files: MembershipFiles) -> Settings:
    """The settings with the way to the mesh and the name there. What was set of the connection otherwise stays, an
    address too: the mesh may have moved since."""
    given = tuple(url.strip() for url in settings.mesh.url.split(",") if url.strip())
    urls = settings.mesh.connection.urls or given or membership.urls
    connection: NatsConnectionConfig = msgspec.structs.replace(
        settings.mesh.connection,
        urls=urls,
        seed_file=str(files.seed_file),
        ca_file=str(files.authority_file),
        server_name=SERVER_NAME,
    )
    return msgspec.structs.replace(
        settings,
        node=msgspec.structs.replace(settings.node, name=membership.node),
        mesh=msgspec.structs.replace(settings.mesh, url=",".join(urls), connection=connection),
    )


def with_own_authority(config: NatsConnectionConfig, data_dir: Path) -> NatsConnectionConfig:
    """How workers of this machine reach a server that speaks TLS because others may join: it is known by the authority
    in the data directory, unless the settings name another."""
    authority = MembershipFiles(data_dir).authority_file
    if config.ca_file is not None or not config.urls[0].startswith("tls://") or not authority.exists():
        return config
    return msgspec.structs.replace(config, ca_file=str(authority), server_name=SERVER_NAME)
