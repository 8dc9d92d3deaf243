"""One connection to the mesh, kept up for as long as the process lives.

The client library goes on by itself after an ordinary loss. It does not after three others, which this facility adds:
a server that froze while data for it was waiting, an error that the library does not know (it closes for ever then),
and a reconnection task that died.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nats.errors
import nkeys
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription

from covey.errors import BadSettings, NotStarted, PeerUnavailable, StartFailed
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.mesh_certificates import client_context, client_options
from covey.facilities.nats_client import NatsClient, dial
from covey.runtime.back_off import BackOff
from covey.runtime.cancelling import cancel_until_ended, within
from covey.runtime.ticks import until_tick

_log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.25
CLOSE_TIMEOUT_S = 2.0
REFUSED_WAIT_S = 10.0
PENDING_MESSAGES = 131_072
PENDING_BYTES = 256 * 1_048_576
"""What may wait to be looked at, per subscription. Callbacks only hand over, so this fills when the process hangs."""
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class KeptSubscription:
    """A subscription that is made again on a new client. The library repeats it by itself on the same one."""

    def __init__(self, owner: NatsConnection, subject: str, queue: str, callback: Callable[[Msg], None]) -> None:
        self._owner = owner
        self._subject = subject
        self._queue = queue
        self._callback = callback
        self._current: NatsSubscription | None = None

    async def make(self, client: NatsClient) -> None:
        async def receive(message: Msg) -> None:
            self._callback(message)

        self._current = await client.subscribe(
            self._subject,
            queue=self._queue,
            cb=receive,
            pending_msgs_limit=PENDING_MESSAGES,
            pending_bytes_limit=PENDING_BYTES,
        )

    async def close(self) -> None:
        """Stop listening. What has arrived but was not looked at yet is still handed over. Safe twice."""
        self._owner.forget(self)
        current, self._current = self._current, None
        if current is None:
            return
        with contextlib.suppress(nats.errors.Error, ConnectionError, OSError):
            if self._owner.connected:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await _drain(self._owner.client, current)
            else:
                await current.unsubscribe()


class NatsConnection:
    """The facility that the bus and the store stand on. ``role`` and ``instance`` make up the inbox of its own."""

    def __init__(self, config: NatsConnectionConfig, *, name: str, inbox_prefix: str) -> None:
        self.name = "connection"
        self.inbox_prefix = inbox_prefix
        self._config = config
        self._client_name = name
        self._client: NatsClient | None = None
        self._subscriptions: list[KeptSubscription] = []
        self._on_reconnect: list[Callable[[], Awaitable[None]]] = []
        self._on_loss: list[Callable[[], None]] = []
        self._keeper: asyncio.Task[None] | None = None
        self._reconnected = False
        self._lost_since: float | None = None
        self._old_closed = False
        """Whether the library has let go of the connection that was lost."""
        self._wake = asyncio.Event()
        self._last_error = ""
        self.refused = False
        """Whether the last server that answered does not know our identity."""

    @property
    def client(self) -> NatsClient:
        """The client of this moment: ask again for each use, it is another one after a loss. Raises NotStarted."""
        if self._client is None:
            raise NotStarted
        return self._client

    @property
    def connected(self) -> bool:
        client = self._client
        return client is not None and client.is_connected

    @property
    def server(self) -> str | None:
        """The server of this moment, ``host:port``; None: not connected."""
        url = self._client.connected_url if self._client is not None and self._client.is_connected else None
        return None if url is None else f"{url.hostname}:{url.port}"

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Have ``callback`` awaited after each reconnection; one after the other, errors are logged."""
        self._on_reconnect.append(callback)

    def on_loss(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called when messages for us may have been dropped."""
        self._on_loss.append(callback)

    async def start(self) -> None:
        """Connected when it returns. Raises StartFailed, or BadSettings when the addresses are not to be used."""
        if self._client is not None:
            return
        self._check_urls()
        try:
            self._client = await within(self._config.start_timeout_s, self._dial())
        except TimeoutError as error:
            where = ", ".join(url.rpartition("@")[2] for url in self._config.urls)  # without a password
            reason = (
                f"the nats-server at {where} refuses our identity; each role needs its file in mesh/identities of the "
                "data directory"
                if self.refused
                else f"no nats-server took the connection in time; tried {where}"
            )
            raise StartFailed(reason) from error
        self._keeper = asyncio.create_task(self._keep(), name="nats-connection")  # cancelled and awaited in stop

    async def stop(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await cancel_until_ended(keeper)
        client, self._client = self._client, None
        if client is not None:
            await client.let_go()

    async def check(self) -> None:
        """Raises NotStarted or PeerUnavailable."""
        if not self.client.is_connected:
            raise PeerUnavailable("the connection to the mesh is away")

    async def subscribe(self, subject: str, callback: Callable[[Msg], None], *, queue: str = "") -> KeptSubscription:
        """Hear ``subject`` until closed, on whatever client. ``callback`` hands over and returns, it does no work."""
        subscription = KeptSubscription(self, subject, queue, callback)
        await subscription.make(self.client)
        self._subscriptions.append(subscription)
        return subscription

    def forget(self, subscription: KeptSubscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def _check_urls(self) -> None:
        schemes = {urlsplit(url).scheme for url in self._config.urls}
        if len(schemes) != 1 or not schemes <= {"nats", "tls"}:
            raise BadSettings("the addresses have to be all nats:// or all tls://", param="mesh.url")
        if schemes == {"nats"} and not self._config.allow_plaintext:
            far = [url for url in self._config.urls if urlsplit(url).hostname not in LOOPBACK]
            if far:
                raise BadSettings("nats:// is not encrypted: use tls:// to other machines", param="mesh.url")
        if schemes == {"tls"} and self._config.ca_file is None:
            raise BadSettings("tls:// needs the authority that signed the servers", param="mesh.connection.ca_file")

    async def _dial(self) -> NatsClient:
        config = self._config
        secure = config.urls[0].startswith("tls://")
        options: dict[str, Any] = {}
        if secure:
            # Handshake first on both sides: otherwise a server that offers no TLS is spoken to in the clear.
            options = client_options(await asyncio.to_thread(_tls_context, config), config.server_name)
        if config.seed_file is not None:
            options["nkeys_seed_str"] = await asyncio.to_thread(_seed, Path(config.seed_file))
        return await dial(
            config.urls,
            name=self._client_name,
            inbox_prefix=self.inbox_prefix.encode(),
            error_cb=self._failed,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._returned,
            closed_cb=self._closed,
            connect_timeout=config.dial_timeout_s,
            reconnect_time_wait=config.reconnect_wait_s,
            max_reconnect_attempts=-1,
            ping_interval=config.ping_interval_s,
            max_outstanding_pings=2,
            pending_size=0,  # nothing is kept to be sent later: the caller has given up by then
            **options,
        )

    async def _failed(self, error: Exception) -> None:
        if isinstance(error, nats.errors.SlowConsumerError):
            _log.error("messages_dropped", subject=error.subject.partition(".")[0])
            self._tell_loss()
            return
        text = f"{type(error).__name__}: {error}"
        if "authorization violation" in text.lower():
            self._wait_longer()
        if text != self._last_error:  # a server that is away says the same thing five times a second
            _log.warning("connection_error", error=text)
        self._last_error = text

    def _wait_longer(self) -> None:
        """Somebody who was shown the door does not knock five times a second."""
        self.refused = True
        if self._client is not None:
            self._client.options["reconnect_time_wait"] = REFUSED_WAIT_S

    async def _disconnected(self) -> None:
        self._old_closed = True
        if self._client is not None:
            _log.warning("connection_lost")

    async def _returned(self) -> None:
        self._old_closed = False
        self._reconnected = True
        self.refused = False
        if self._client is not None:
            self._client.options["reconnect_time_wait"] = self._config.reconnect_wait_s
        self._wake.set()

    async def _closed(self) -> None:
        self._wake.set()

    def _tell_loss(self) -> None:
        for callback in self._on_loss:
            callback()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(until_tick(LOOK_INTERVAL_S, loop.time())):
                    await self._wake.wait()
            self._wake.clear()
            client = self.client
            if client.is_closed or self._gave_up(client):
                await self._redial(client)
            if self._reconnected and client.is_connected:
                self._reconnected = False
                await self._tell_reconnected()
            self._look_for_frozen(client, loop.time())

    def _gave_up(self, client: NatsClient) -> bool:
        task = client._reconnection_task  # the library has no other way to tell that it stopped trying
        return client.is_reconnecting and task is not None and task.done()

    def _look_for_frozen(self, client: NatsClient, now: float) -> None:
        """Tear down the old connection when it does not close: the library waits for that before it tries another."""
        if not client.is_reconnecting:
            self._lost_since = None
            self._old_closed = False
        elif self._lost_since is None:
            self._lost_since = now
        elif not self._old_closed and now - self._lost_since > self._config.stuck_after_s:
            self._lost_since = now
            _log.warning("connection_torn_down")
            client.abort()

    async def _redial(self, old: NatsClient) -> None:
        """The library closed for good, for example on an error it does not know: begin again with a new client."""
        _log.error("connection_closed", error=self._last_error)
        await old.let_go()
        back_off = BackOff(initial_s=0.1, maximum_s=5.0)
        while True:
            try:
                client = await within(self._config.dial_timeout_s * 2, self._dial())
            except (TimeoutError, OSError, nats.errors.Error, BadSettings) as error:
                _log.warning("connection_error", error=type(error).__name__)
            else:
                self._client = client
                if await self._subscribe_again(client):
                    await self._tell_reconnected()
                    return
                await client.let_go()
            await asyncio.sleep(back_off.next_delay_s())

    async def _subscribe_again(self, client: NatsClient) -> bool:
        try:
            for subscription in tuple(self._subscriptions):
                await subscription.make(client)
        except (nats.errors.Error, OSError) as error:
            _log.warning("connection_error", error=type(error).__name__)
            return False
        return True

    async def _tell_reconnected(self) -> None:
        _log.info("connection_restored")
        self._last_error = ""
        for callback in self._on_reconnect:
            try:
                await callback()
            except Exception:  # reported here: one part that cannot go on must not keep the others from it
                _log.exception("reconnect_callback_failed")


def _tls_context(config: NatsConnectionConfig) -> ssl.SSLContext:
    context = client_context(file=config.ca_file)
    try:
        if config.certificate_file is not None:
            context.load_cert_chain(config.certificate_file, config.key_file)
    except OSError as error:  # ssl.SSLError is one too
        raise BadSettings(
            "a certificate or key cannot be read, or is damaged", param="mesh.connection.ca_file"
        ) from error
    return context


def _seed(path: Path) -> str:
    try:
        seed = path.read_text().strip()
        nkeys.from_seed(bytearray(seed.encode())).wipe()
    except (OSError, ValueError, nkeys.NkeysError) as error:
        raise BadSettings("the identity cannot be read, or is damaged", param="mesh.connection.seed_file") from error
    return seed


async def _drain(client: NatsClient, subscription: NatsSubscription) -> None:
    # The library's own drain writes its ping before the unsubscription that it has queued, and would drop what arrives
    # between the two: so the unsubscription is sent, and waited for, beforehand.
    await client._send_unsubscribe(subscription._id)
    await client.flush()
    await subscription.drain()  # type: ignore[no-untyped-call]
