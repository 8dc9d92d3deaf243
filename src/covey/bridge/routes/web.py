"""The web interface: built files from memory, and a plain page where there are none.

A path is only ever looked up in the table of files that was made when the bridge started, so no path leads out of it.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from covey.bridge.exchange import Exchange, Header, HeaderBlock
from covey.bridge.router import Route
from covey.errors import NotFound

PACKAGED_DIRECTORY = Path(__file__).resolve().parents[2] / "web"
MAX_FILE_BYTES = 16 * 1024 * 1024
_HASHED = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_API_PREFIXES = ("/v1", "/api", "/covey", "/livez", "/readyz", "/healthz", "/metrics")
_ENCODINGS = ((".br", b"br"), (".gz", b"gzip"))
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}

WEB_SECURITY_HEADERS = HeaderBlock(
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        # Nothing inline: the component library's rules go into style sheets that scripts make (ADR 0090).
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            b"font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; "
            b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
    ),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), payment=(), usb=()"),
)

_PLAIN_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Covey</title></head>
<body><h1>Covey</h1>
<p>This service answers, but the web interface is not part of this installation.</p>
<ul>
<li>OpenAI-compatible API: <code>/v1</code>, with an API key as <code>Authorization: Bearer …</code></li>
<li>Platform API: <code>/covey/v1</code>, described at <a href="/covey/v1/docs">/covey/v1/docs</a></li>
<li>Health: <a href="/readyz">/readyz</a></li>
</ul></body></html>
"""


@dataclass(frozen=True, slots=True)
class WebFile:
    content_type: bytes
    etag: bytes
    cache_control: bytes
    content: bytes
    encoded: tuple[tuple[bytes, bytes], ...]
    """Content encoding and compressed content, the preferred one first."""


def web_routes(directory: str) -> list[Route]:
    """Routes of last resort: they answer every path that nothing else does. Reads the files at once."""
    root = Path(directory) if directory else PACKAGED_DIRECTORY
    pages = WebPages(load_files(root))
    return [
        Route(method, template, pages.handle, last_resort=True)
        for template in ("/", "/{path:path}")
        for method in ("GET", "HEAD")
    ]


def load_files(root: Path) -> dict[str, WebFile]:
    """Path → file, for every regular file below ``root``; empty when there is no built interface."""
    if not (root / "index.html").is_file():
        return {}
    found: dict[str, WebFile] = {}
    for file in sorted(root.rglob("*")):
        relative = file.relative_to(root).as_posix()
        if not file.is_file() or file.is_symlink() or file.suffix in (".br", ".gz", ".py", ".map"):
            continue
        if file.stat().st_size <= MAX_FILE_BYTES and not any(part.startswith(".") for part in relative.split("/")):
            found["/" + relative] = read_web_file(file)
    found["/"] = found["/index.html"]
    return found


def read_web_file(file: Path) -> WebFile:
    content = file.read_bytes()
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind.endswith(("json", "+xml")):
        kind += "; charset=utf-8"
    encoded = tuple(
        (encoding, sibling.read_bytes())
        for suffix, encoding in _ENCODINGS
        if (sibling := file.with_name(file.name + suffix)).is_file() and not sibling.is_symlink()
    )
    hashed = _HASHED.search(file.name) is not None and file.suffix != ".html"
    return WebFile(
        content_type=kind.encode("ascii"),
        etag=b'"' + hashlib.sha256(content).hexdigest()[:32].encode("ascii") + b'"',
        cache_control=b"public, max-age=31536000, immutable" if hashed else b"no-cache",
        content=content,
        encoded=encoded,
    )


class WebPages:
    def __init__(self, files: dict[str, WebFile]) -> None:
        self._files = files

    async def handle(self, exchange: Exchange) -> None:
        file = self._find(exchange.path)
        exchange.security_headers = WEB_SECURITY_HEADERS
        if file is None:
            await exchange.respond(
                200, _PLAIN_PAGE.encode(), b"text/html; charset=utf-8", [(b"cache-control", b"no-cache")]
            )
            return
        headers: list[Header] = [(b"etag", file.etag), (b"cache-control", file.cache_control)]
        if file.encoded:
            headers.append((b"vary", b"accept-encoding"))
        if exchange.headers.get(b"if-none-match") == file.etag:
            await exchange.respond(304, b"", file.content_type, headers)
            return
        content = file.content
        accepted = {
            item.partition(b";")[0].strip() for item in exchange.headers.get(b"accept-encoding", b"").split(b",")
        }
        for encoding, encoded in file.encoded:
            if encoding in accepted:
                content = encoded
                headers.append((b"content-encoding", encoding))
                break
        await exchange.respond(200, content, file.content_type, headers)

    def _find(self, path: str) -> WebFile | None:
        """The file; None for the plain page. Raises NotFound for what is neither a file nor a page of the interface."""
        file = self._files.get(path)
        if file is not None:
            return file
        if any(path == prefix or path.startswith(prefix + "/") for prefix in _API_PREFIXES):
            raise NotFound("nothing is served at this path")
        if not self._files:
            if path == "/":
                return None
            raise NotFound("nothing is served at this path")
        if "." in path.rpartition("/")[2]:
            raise NotFound("there is no such file")
        return self._files["/"]
