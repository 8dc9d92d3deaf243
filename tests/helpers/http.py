"""Raw HTTP over loopback sockets, for what no well-behaved client would send."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class RawResponse:
    status: int
    headers: dict[str, str]
    """Lower-case names; repeated ones joined with a comma."""
    body: bytes
    closed: bool
    """Whether the server closed the connection afterwards."""


class RawConnection:
    """One TCP connection. Every wait has a deadline."""

    def __init__(self, port: int, timeout_s: float = 10.0) -> None:
        self._port = port
        self._timeout_s = timeout_s
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> RawConnection:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            pass  # the server has reset the connection, which is what some tests are about

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def read_until(self, separator: bytes) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(separator), self._timeout_s)

    async def read_to_end(self) -> bytes:
        """Everything until the server closes or resets the connection."""
        found = b""
        try:
            async with asyncio.timeout(self._timeout_s):
                while data := await self.reader.read(65536):
                    found += data
        except ConnectionError:
            pass
        return found

    async def read_response(self) -> RawResponse:
        """One response with a content length or chunks; reads no further."""
        head = await self.read_until(b"\r\n\r\n")
        status, headers = parse_head(head)
        if "content-length" in headers:
            size = int(headers["content-length"])
            body = await asyncio.wait_for(self.reader.readexactly(size), self._timeout_s)
        elif headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await self.read_until(b"\r\n"), 16):
                body += await asyncio.wait_for(self.reader.readexactly(size), self._timeout_s)
                await self.read_until(b"\r\n")
            await self.read_until(b"\r\n")
        else:
            body = b""
        return RawResponse(status, headers, body, headers.get("connection") == "close")


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        if line:
            name, _, value = line.partition(":")
            key = name.lower()
            headers[key] = f"{headers[key]},{value.strip()}" if key in headers else value.strip()
    return int(lines[0].split(" ")[1]), headers


def parse_responses(data: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Every response with a content length in a byte string."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        status, headers = parse_head(head)
        size = int(headers.get("content-length", "0"))
        found.append((status, headers, rest[:size]))
        data = rest[size:]
    return found


async def exchange(port: int, data: bytes, timeout_s: float = 10.0) -> list[tuple[int, dict[str, str], bytes]]:
    """Send bytes, half-open, and return all the responses until the server closes."""
    async with RawConnection(port, timeout_s) as connection:
        await connection.send(data)
        return parse_responses(await connection.read_to_end())


def request(
    method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"", *, close: bool = True
) -> bytes:
    """The bytes of a well-formed request."""
    sent = {"Host": "localhost"} | (headers or {})
    if body and "Transfer-Encoding" not in sent:
        sent.setdefault("Content-Length", str(len(body)))
    if close:
        sent.setdefault("Connection", "close")
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return head.encode("latin-1") + b"\r\n" + body
