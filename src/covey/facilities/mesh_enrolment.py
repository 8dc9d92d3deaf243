"""The joining machine's side of an invitation: find the right server, prove the invitation, hand in its own key."""

from __future__ import annotations

import asyncio
import hmac
import logging
import ssl
from contextlib import suppress

import msgspec
import nats
import nats.errors
import structlog
from cryptography import x509

from covey.domain.join_tokens import JoinToken
from covey.domain.mesh_permissions import ENROLMENT
from covey.errors import Conflict, CoveyError, Forbidden, InvalidRequest, PeerUnavailable
from covey.facilities.logging import is_worth_saying
from covey.facilities.mesh_certificates import SERVER_NAME, client_context, client_options, pin_of
from covey.facilities.mesh_identities import public_key_of, seed_of
from covey.facilities.nats_client import dial
from covey.facilities.nats_configuration import host_and_port
from covey.protocol import subjects
from covey.protocol.enrolment import Enrol, Enrolled

_log = structlog.get_logger(__name__)
KNOWN_AFTER_S = 3.0
LARGEST_ANSWER_BYTES = 16_384
_REFUSED = "the invitation was used, revoked, or has expired: ask for a new one"


class NotTheOne(Exception):
    """Somebody else answers at that address."""


async def enrol(token: JoinToken, question: Enrol, *, timeout_s: float = 10.0) -> tuple[Enrolled, str]:
    """The answer, and the address it came from. Each address is tried in turn.

    Raises Forbidden when the invitation is not open (any more), Conflict or InvalidRequest when the node refuses the
    name, and PeerUnavailable when the node that made the invitation is at none of the addresses.
    """
    logging.getLogger("asyncio").addFilter(is_worth_saying)
    strangers = 0
    for address in token.addresses:
        try:
            async with asyncio.timeout(timeout_s):
                return await _enrol_at(address, token, question), address
        except NotTheOne:
            strangers += 1
            _log.warning("enrolment_stranger", address=address)
        except (OSError, TimeoutError, nats.errors.Error) as error:
            _log.warning("enrolment_unreachable", address=address, error=type(error).__name__)
    tried = ", ".join(token.addresses)
    if strangers:
        raise PeerUnavailable(f"another server than the one that made the invitation answers at {tried}")
    raise PeerUnavailable(f"nobody answers at {tried}; is the port open, and `mesh.server.join.address` set there?")


async def _enrol_at(address: str, token: JoinToken, question: Enrol) -> Enrolled:
    certificate = await _certificate_at(address)
    try:
        pin = pin_of(x509.load_der_x509_certificate(certificate))
    except (ValueError, TypeError) as error:
        raise NotTheOne from error
    if not hmac.compare_digest(pin, token.pin):
        raise NotTheOne
    # From here on, no other certificate will do: what is signed next is worth something to whoever is in between.
    context = client_context(ssl.DER_cert_to_PEM_cert(certificate))
    seed = seed_of(token.secret)
    key = public_key_of(seed, ENROLMENT)
    complaints: list[str] = []
    ended = asyncio.Event()

    async def end() -> None:
        ended.set()

    async def complain(error: Exception) -> None:
        complaints.append(str(error).lower())

    try:
        client = await dial(
            [f"tls://{address}"],
            name="covey join",
            nkeys_seed_str=seed,
            inbox_prefix=f"_INBOX_{ENROLMENT}.{key}".encode(),
            allow_reconnect=False,
            error_cb=complain,
            disconnected_cb=end,
            **client_options(context, SERVER_NAME),
        )
    except nats.errors.Error as error:
        if any("authorization" in text for text in (str(error).lower(), *complaints)):
            raise Forbidden(_REFUSED) from error
        raise
    try:
        reply = await client.request(subjects.enrolment(key), msgspec.msgpack.encode(question), timeout=8)
        answer = _read(reply.data)
        # The server ends the invitation in the moment in which it learns of the machine: the new key is good from then.
        with suppress(TimeoutError):
            async with asyncio.timeout(KNOWN_AFTER_S):
                await ended.wait()
    finally:
        await client.let_go()
    return answer


def _read(payload: bytes) -> Enrolled:
    if len(payload) > LARGEST_ANSWER_BYTES:
        raise PeerUnavailable("the answer makes no sense: are both sides of the same version?")
    try:
        answer = msgspec.msgpack.decode(payload, type=Enrolled)
    except msgspec.DecodeError as error:
        raise PeerUnavailable("the answer makes no sense: are both sides of the same version?") from error
    if answer.error_code is not None:
        kinds: dict[str, type[CoveyError]] = {kind.code: kind for kind in (Forbidden, Conflict, InvalidRequest)}
        raise kinds.get(answer.error_code, PeerUnavailable)(answer.detail)
    return answer


async def _certificate_at(address: str) -> bytes:
    """What the server there shows, unverified: to be compared with the pin, and nothing is said to it meanwhile."""
    host, port = host_and_port(address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=SERVER_NAME)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if not shown:
            raise NotTheOne
        return bytes(shown)
    finally:
        writer.transport.abort()
