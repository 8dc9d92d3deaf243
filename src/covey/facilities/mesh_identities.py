"""Identities of the mesh: one key pair per role, made once, kept where only the owner can read."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import nkeys
from nacl.signing import SigningKey, VerifyKey

from covey.domain.mesh_permissions import CALLS, NODE, ROLES
from covey.errors import BadSettings, StartFailed
from covey.facilities.private_files import write_private
from covey.protocol.subjects import SERVICES

SEED_BYTES = 32


class MeshIdentities:
    """The seeds below ``<data>/mesh/identities``. Plain, blocking file work: for a thread, or for the start."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def prepare(self, roles: Sequence[str] = ROLES) -> None:
        """Make what is missing. Raises StartFailed when the folder or a seed can be read by others."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        refuse_if_open(self.directory)
        for role in roles:
            path = self._path(role)
            if not path.exists():
                write_secret(path, new_seed())
            self.seed(role)
        public = {role: self.public_key(role) for role in roles if role in (*SERVICES, NODE)}
        if public != self.callers():
            write_private(self._callers_path, msgspec.json.format(msgspec.json.encode(public)))

    def seed(self, role: str) -> str:
        """The secret half. Raises StartFailed when it is absent, damaged, or readable by others."""
        path = self._path(role)
        try:
            refuse_if_open(path)
            seed = path.read_text().strip()
        except OSError as error:
            raise StartFailed(f"the mesh identity of {role} cannot be read") from error
        public_key_of(seed, role)
        return seed

    def public_key(self, role: str) -> str:
        """The half that the server knows."""
        return public_key_of(self.seed(role), role)

    def callers(self) -> dict[str, str]:
        """The public key of each role that calls others; empty where no nats-server of this machine made identities.
        Raises StartFailed when the file is damaged or open to others."""
        try:
            refuse_if_open(self._callers_path)
            return msgspec.json.decode(self._callers_path.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise StartFailed("the list of the mesh's callers cannot be read") from error

    @property
    def _callers_path(self) -> Path:
        return self.directory / "callers.json"

    def _path(self, role: str) -> Path:
        return self.directory / f"{role}.seed"


def callers_of(service: str, keys: Mapping[str, str]) -> tuple[str, ...]:
    """The public keys of those that may call ``service``, out of those of all roles."""
    return tuple(key for role, key in keys.items() if role == NODE or service in CALLS[role])


def signing_key_of(seed: str) -> SigningKey:
    """The secret half of an nkey, to sign with. Raises StartFailed."""
    try:
        _, raw = nkeys.decode_seed(bytearray(seed.encode()))
        return SigningKey(bytes(raw))
    except (nkeys.NkeysError, ValueError) as error:
        raise StartFailed("the mesh identity is damaged") from error


def verifying_key_of(public_key: str) -> VerifyKey:
    """The public half. Raises BadSettings for what is no user's nkey: a prefix, 32 bytes, and a checksum of two."""
    try:
        raw = base64.b32decode(public_key + "=" * (-len(public_key) % 8))
        checksum = int.from_bytes(raw[-2:], "little")
        if len(raw) != 35 or raw[0] != nkeys.PREFIX_BYTE_USER or nkeys.crc16(bytearray(raw[:-2])) != checksum:
            raise ValueError("no public key of a user")
        return VerifyKey(raw[1:-2])
    except ValueError as error:
        raise BadSettings(
            "a caller's key is not the public key of a mesh identity", param="mesh.caller_keys"
        ) from error


def new_seed() -> str:
    """A new nkey seed of a user."""
    return seed_of(secrets.token_bytes(SEED_BYTES))


def seed_of(secret: bytes) -> str:
    """The nkey seed of a user with these 32 bytes."""
    seed: bytes = nkeys.encode_seed(secret, nkeys.PREFIX_BYTE_USER)
    return seed.decode()


def public_key_of(seed: str, role: str) -> str:
    try:
        pair = nkeys.from_seed(bytearray(seed.encode()))
        public: bytes = pair.public_key
        key = public.decode()
    except (nkeys.NkeysError, ValueError) as error:
        raise StartFailed(f"the mesh identity of {role} is damaged") from error
    if not key.startswith("U"):
        raise StartFailed(f"the mesh identity of {role} is not one of a user")
    return key


def refuse_if_open(path: Path) -> None:
    """Raises StartFailed when others than the owner may read or change ``path``, or it is somebody else's."""
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise StartFailed(
            f"{path.name} of the mesh is open to others: chmod it to {0o700 if path.is_dir() else 0o600:o}"
        )
    if status.st_uid != os.geteuid():
        raise StartFailed(f"{path.name} of the mesh belongs to another user")


def write_secret(path: Path, text: str) -> None:
    """Write with owner-only rights, whole or not at all, and durably. An existing file wins over this one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces what another process has just made.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
