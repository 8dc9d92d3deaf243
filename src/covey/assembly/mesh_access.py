"""What a process needs to take part in the mesh: where it is, its own identity there, and whom it believes."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import msgspec

from covey.assembly.joining import with_own_authority
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.membership import Membership
from covey.facilities.mesh_certificates import client_context, client_options
from covey.facilities.mesh_grants import verify_grants
from covey.facilities.mesh_identities import (
    MeshIdentities,
    callers_of,
    public_key_of,
    signing_key_of,
    verifying_key_of,
)
from covey.rpc.signing import SIGNED_SERVICES, CallSignatures
from covey.settings import Settings


class MeshAccess:
    def __init__(self, settings: Settings, role: str, membership: Membership | None) -> None:
        """``role`` is that of the identity: ``node`` where one process runs several."""
        self._settings = settings
        self._role = role
        self._membership = membership
        self._identities = Path(settings.node.data_dir) / "mesh" / "identities"

    def connection_config(self, urls: tuple[str, ...]) -> NatsConnectionConfig:
        """What the settings say, with the node's own server and the role's own identity filled in."""
        config = self._settings.mesh.connection
        seed = self._identities / f"{self._role}.seed"
        config = msgspec.structs.replace(
            config,
            urls=config.urls or urls,
            seed_file=config.seed_file or (str(seed) if seed.exists() else None),
        )
        return with_own_authority(config, Path(self._settings.node.data_dir))

    def call_signatures(self, config: NatsConnectionConfig) -> CallSignatures:
        """With the key of this process, and those of whom its services believe. Blocking: it reads files.

        Raises BadSettings when a key is none.
        """
        given = self._settings.mesh.caller_keys or (() if self._membership is None else self._membership.callers)
        known = {} if given else MeshIdentities(self._identities).callers()
        callers = {service: given or callers_of(service, known) for service in SIGNED_SERVICES}
        believed = {service: {key: verifying_key_of(key) for key in keys} for service, keys in callers.items() if keys}
        if config.seed_file is None:
            return CallSignatures(callers=believed)
        seed = Path(config.seed_file).read_text().strip()
        return CallSignatures(signing_key_of(seed), public_key_of(seed, self._role), believed)

    async def verify_grants(self, config: NatsConnectionConfig) -> None:
        """Raises StartFailed when the server grants this role less than it needs: a missing grant would otherwise look
        like a time-out later. Servers that ask for no identity have no grants to check."""
        url = config.urls[0]
        secure = url.startswith("tls://")
        if config.seed_file is None or (secure and config.server_name is None):
            return  # servers of somebody else's, whose grants are not ours to know
        seed = await asyncio.to_thread(Path(config.seed_file).read_text)
        context = await asyncio.to_thread(partial(client_context, file=config.ca_file)) if secure else None
        tls = client_options(context, config.server_name)
        scope = None if self._membership is None else self._membership.node
        await verify_grants(url, seed.strip(), self._role, scope=scope, tls=tls)
