"""The command line's way to the service: plain HTTP, streamed answers, errors as exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from covey.cli.contexts import Context, ContextFile, Credentials
from covey.cli.failures import EXIT_BY_STATUS, FAILED, TIMED_OUT, UNAVAILABLE, CommandFailed, exit_code_of

PLATFORM = "/covey/v1"
JSON_OR_EVENTS = "application/json, text/event-stream"
_MASKED_HEADERS = ("authorization",)


class Api:
    """Requests to one context's service. Renews an expired session by itself, once per request."""

    def __init__(
        self,
        context: Context,
        contexts: ContextFile,
        credentials: Credentials,
        *,
        debug: bool = False,
        timeout_s: float = 600.0,
    ) -> None:
        self.context = context
        self._contexts = contexts
        self._credentials = credentials
        self._debug = debug
        options: dict[str, Any] = {"ca_certs": context.ca_file} if context.ca_file else {}
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=5.0, read=timeout_s), maxsize=2, **options
        )

    @property
    def has_credential(self) -> bool:
        return self._credentials.bearer is not None

    def get(self, path: str, **query: Any) -> Any:
        return self.request("GET", path, query=query)

    def post(self, path: str, body: Any = None, *, anonymous: bool = False) -> Any:
        return self.request("POST", path, body=body if body is not None else {}, anonymous=anonymous)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)

    def request(
        self, method: str, path: str, *, body: Any = None, query: dict[str, Any] | None = None, anonymous: bool = False
    ) -> Any:
        """The decoded answer, None when it is empty. Raises CommandFailed."""
        with self.open(method, path, body=body, query=query, anonymous=anonymous) as answer:
            content = answer.read()
        try:
            return json.loads(content) if content else None
        except ValueError as error:
            raise CommandFailed("the answer is not JSON; is this address a Covey?") from error

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: dict[str, Any] | None = None,
        anonymous: bool = False,
        accept: str = JSON_OR_EVENTS,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer whose body is yet to be read; closed on leaving, which cancels what it was still doing."""
        answer = self._send(method, path, body, query, anonymous, accept)
        if answer.status == 401 and not anonymous and self._renew():
            answer.close()  # not back to the pool: what is unread of it would be taken for the next answer
            answer = self._send(method, path, body, query, anonymous, accept)
        try:
            if answer.status >= 400:
                raise _failure(answer)
            yield answer
        except urllib3.exceptions.TimeoutError as error:
            raise CommandFailed("the service took too long to answer", TIMED_OUT) from error
        except urllib3.exceptions.HTTPError as error:
            raise CommandFailed("the connection broke off", UNAVAILABLE) from error
        finally:
            answer.close()

    def text(self, path: str, kind: str, **query: Any) -> Iterator[bytes]:
        """An answer as it comes, asked for as ``kind``, for example ``text/csv``."""
        with self.open("GET", path, query=query, accept=kind) as answer:
            while piece := answer.read1(65536):
                yield piece

    def stream(self, method: str, path: str, body: Any) -> Iterator[Any]:
        """The JSON payloads of a server-sent event stream, until ``[DONE]`` or its end."""
        with self.open(method, path, body=body) as answer:
            if ignored := answer.headers.get("x-covey-ignored"):
                sys.stderr.write(f"Warning: the service does not know {ignored}\n")
            for line in _lines(answer):
                if not line.startswith(b"data:"):
                    continue
                data = line[5:].strip()
                if data == b"[DONE]":
                    return
                event = json.loads(data)
                if isinstance(event, dict) and isinstance(event.get("error"), dict):
                    error = event["error"]
                    exit_code = exit_code_of(str(error.get("code")))
                    request_id = answer.headers.get("x-request-id")
                    raise CommandFailed(str(error.get("message", "failed")), exit_code, request_id=request_id)
                yield event

    def lines(self, method: str, path: str, body: Any) -> Iterator[Any]:
        """The objects of a newline-delimited JSON stream."""
        with self.open(method, path, body=body) as answer:
            for line in _lines(answer):
                if line.strip():
                    yield json.loads(line)

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        query: dict[str, Any] | None,
        anonymous: bool,
        accept: str = JSON_OR_EVENTS,
    ) -> urllib3.BaseHTTPResponse:
        url = self.context.url.rstrip("/") + path
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        if asked:
            url += "?" + urlencode(asked)
        headers = {"accept": accept}
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        if not anonymous and self._credentials.bearer:
            headers["authorization"] = f"Bearer {self._credentials.bearer}"
        if self._debug:
            shown = {name: "…" if name in _MASKED_HEADERS else value for name, value in headers.items()}
            sys.stderr.write(f"> {method} {url} {shown}\n")
        try:
            answer = self._pool.request(
                method, url, body=content, headers=headers, preload_content=False, redirect=False
            )
        except urllib3.exceptions.NewConnectionError as error:
            raise CommandFailed(f"{self.context.url} cannot be reached", UNAVAILABLE) from error
        except urllib3.exceptions.TimeoutError as error:
            raise CommandFailed(f"{self.context.url} took too long to answer", TIMED_OUT) from error
        except urllib3.exceptions.SSLError as error:
            raise CommandFailed(f"{self.context.url} cannot be reached in TLS: {error}", UNAVAILABLE) from error
        except urllib3.exceptions.HTTPError as error:
            raise CommandFailed(f"the connection to {self.context.url} broke off", UNAVAILABLE) from error
        if self._debug:
            sys.stderr.write(f"< {answer.status} {dict(answer.headers)}\n")
        return answer

    def _renew(self) -> bool:
        """Swap the refresh token for a new session; False when there is none or it is no longer good."""
        token = self._credentials.refresh_token
        if not token:
            return False
        with self._contexts.locked():
            kept = self._contexts.credentials(self.context.name)
            if kept.bearer is not None and kept.access_token != self._credentials.access_token:
                self._credentials = kept  # another command renewed it meanwhile
                return True
            return self._refresh(token)

    def _refresh(self, token: str) -> bool:
        answer = self._send("POST", f"{PLATFORM}/auth/refresh", {"refresh_token": token}, None, True)
        content = answer.read()
        answer.release_conn()
        if answer.status != 200:
            return False
        self.keep_session(json.loads(content))
        return True

    def keep_session(self, tokens: dict[str, Any]) -> None:
        """Remember what a login or a renewal yielded."""
        self._credentials = Credentials(access_token=tokens["access_token"], refresh_token=tokens["refresh_token"])
        self._contexts.keep_credentials(self.context.name, self._credentials)

    def keep_key(self, secret: str) -> None:
        self._credentials = Credentials(api_key=secret)
        self._contexts.keep_credentials(self.context.name, self._credentials)

    def forget(self) -> None:
        self._credentials = Credentials()
        self._contexts.keep_credentials(self.context.name, None)


def path_part(text: str) -> str:
    """A name as one segment of a path."""
    return quote(text, safe="")


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Lines as soon as they are whole, whatever the sizes of the pieces they came in."""
    rest = b""
    while True:
        piece = answer.read1(65536)
        if not piece:
            break
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _failure(answer: urllib3.BaseHTTPResponse) -> CommandFailed:
    content = answer.read()
    request_id = answer.headers.get("x-request-id")
    message = f"the service answered {answer.status}"
    try:
        body = json.loads(content)
    except ValueError:
        body = {}
    if isinstance(body, dict):
        error = body.get("error")
        if isinstance(error, dict):
            message = str(error.get("message") or message)
        elif isinstance(error, str):
            message = error
        else:
            message = str(body.get("detail") or body.get("title") or message)
        for part in body.get("errors") or ():
            if isinstance(part, dict) and part.get("message") and part["message"] not in message:
                message += f"\n  {part.get('pointer', '')}: {part['message']}"
    return CommandFailed(message, EXIT_BY_STATUS.get(answer.status, FAILED), request_id=request_id)
