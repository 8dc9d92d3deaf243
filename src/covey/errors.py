"""Every failure that Covey can name: one tree, one stable wire code per leaf.

    CoveyError                              internal                 500
    ├── RequestError
    │   ├── InvalidRequest                  invalid_request          400
    │   │   ├── UnknownField                unknown_field            422
    │   │   └── ContextLengthExceeded       context_length_exceeded  400
    │   ├── PayloadTooLarge                 payload_too_large        413
    │   ├── Unauthenticated                 unauthenticated          401
    │   ├── Forbidden                       forbidden                403
    │   ├── NotFound                        not_found                404
    │   │   └── ModelNotFound               model_not_found          404
    │   ├── Conflict                        conflict                 409
    │   │   └── IdempotencyConflict         idempotency_conflict     409
    │   └── QuotaExceeded                   quota_exceeded           429
    │       └── TooManyAttempts             too_many_attempts        429
    ├── CapacityError
    │   ├── Overloaded                      overloaded               503
    │   └── NoWorkerAvailable               no_worker_available      503
    ├── TransportError
    │   ├── DeadlineExceeded                deadline_exceeded        504
    │   ├── PeerUnavailable                 peer_unavailable         503
    │   └── StreamInterrupted               stream_interrupted       502
    ├── BackendError
    │   ├── BackendUnavailable              backend_unavailable      502
    │   ├── ModelLoadFailed                 model_load_failed        503
    │   ├── BackendRejected                 backend_rejected         400
    │   └── BackendProtocolError            backend_protocol_error   502
    ├── StateError
    │   ├── KeyNotFound                     key_not_found            404
    │   ├── KeyExists                       key_exists               409
    │   ├── RevisionConflict                revision_conflict        409
    │   ├── StoreUnavailable                store_unavailable        503
    │   └── StoreCorrupt                    store_corrupt            500
    ├── LifecycleError
    │   ├── NotStarted                      not_started              503
    │   ├── Draining                        draining                 503
    │   └── StartFailed                     start_failed             500
    ├── BadSettings                         bad_settings             (exit 2)
    └── Cancelled                           cancelled                499

The leaf decides code, HTTP status and whether the same call may be tried again. ``detail`` is always safe to show to a
stranger: it never carries a path, a subject, a secret, a prompt or the text of a foreign exception. Facts travel as
attributes. Foreign exceptions are translated once, where they enter, with ``raise ... from``.
"""

from __future__ import annotations

from typing import ClassVar


class CoveyError(Exception):
    """Root of every error raised on purpose; itself the answer for anything unnamed."""

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    """Whether the same call may succeed when tried again, here or on another instance."""

    def __init__(self, detail: str = "", *, param: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(detail or self.default_detail())
        self.detail = detail or self.default_detail()
        self.param = param
        """The field of the request that is to blame, as a dotted path, if one is."""
        self.retry_after_s = retry_after_s
        """Seconds after which a retry makes sense, if known."""

    @classmethod
    def default_detail(cls) -> str:
        return cls.code.replace("_", " ")


class RequestError(CoveyError):
    """The caller has to change something before trying again."""

    http_status = 400


class InvalidRequest(RequestError):
    """The request is malformed, or a value is out of its range; ``param`` names the field."""

    code = "invalid_request"


class UnknownField(InvalidRequest):
    """The request has a field that does not exist, or that a client may not set; ``param`` names it."""

    code = "unknown_field"
    http_status = 422


class PayloadTooLarge(RequestError):
    """The request, or what it would have to carry, is larger than allowed."""

    code = "payload_too_large"
    http_status = 413


class ContextLengthExceeded(InvalidRequest):
    """The prompt is longer than the model's context."""

    code = "context_length_exceeded"


class Unauthenticated(RequestError):
    """There is no valid credential: missing, wrong, expired or revoked. The answer does not say which."""

    code = "unauthenticated"
    http_status = 401


class Forbidden(RequestError):
    """The credential is valid but does not allow this, or not this model."""

    code = "forbidden"
    http_status = 403


class NotFound(RequestError):
    """A thing that was named does not exist, or is not the caller's to see."""

    code = "not_found"
    http_status = 404


class ModelNotFound(NotFound):
    """No processor serves a model of that name."""

    code = "model_not_found"


class Conflict(RequestError):
    """Something of that name or state exists already."""

    code = "conflict"
    http_status = 409


class IdempotencyConflict(Conflict):
    """The idempotency key was used before with another request."""

    code = "idempotency_conflict"


class QuotaExceeded(RequestError):
    """A limit of the user, key or model is used up; ``retry_after_s`` says when it renews."""

    code = "quota_exceeded"
    http_status = 429


class TooManyAttempts(QuotaExceeded):
    """Throttled: too many logins or registrations; ``retry_after_s`` says when to come back."""

    code = "too_many_attempts"


class CapacityError(CoveyError):
    """Nothing is wrong with the request; there is no room for it now."""

    http_status = 503
    retryable = True


class Overloaded(CapacityError):
    """The queue is full."""

    code = "overloaded"


class NoWorkerAvailable(CapacityError):
    """No worker that could do it is there now."""

    code = "no_worker_available"


class TransportError(CoveyError):
    """The call did not arrive, or its answer did not come back."""

    http_status = 503


class DeadlineExceeded(TransportError):
    """Time ran out; the work may or may not have been done."""

    code = "deadline_exceeded"
    http_status = 504


class PeerUnavailable(TransportError):
    """Nobody is there to answer; the work was not begun."""

    code = "peer_unavailable"
    retryable = True


class StreamInterrupted(TransportError):
    """A stream ended without its end message, or with a gap."""

    code = "stream_interrupted"
    http_status = 502


class BackendError(CoveyError):
    """An inference engine failed."""

    http_status = 502


class BackendUnavailable(BackendError):
    """The engine cannot be reached, or it died."""

    code = "backend_unavailable"
    retryable = True


class ModelLoadFailed(BackendError):
    """The engine could not load the model."""

    code = "model_load_failed"
    http_status = 503
    retryable = True


class BackendRejected(BackendError):
    """The engine says that the request itself is wrong."""

    code = "backend_rejected"
    http_status = 400


class BackendProtocolError(BackendError):
    """The engine's answer broke its own protocol."""

    code = "backend_protocol_error"


class StateError(CoveyError):
    """The store's answer was not what the caller built on."""

    http_status = 409


class KeyNotFound(StateError):
    """The store has no such record."""

    code = "key_not_found"
    http_status = 404


class KeyExists(StateError):
    """The store has such a record already."""

    code = "key_exists"


class RevisionConflict(StateError):
    """The record changed since it was read: read it again and decide again."""

    code = "revision_conflict"
    retryable = True


class StoreUnavailable(StateError):
    """The store did not answer; a write may or may not have been applied."""

    code = "store_unavailable"
    http_status = 503
    retryable = True


class StoreCorrupt(StateError):
    """Records are missing or damaged; an operator has to restore a backup."""

    code = "store_corrupt"
    http_status = 500


class LifecycleError(CoveyError):
    http_status = 503


class NotStarted(LifecycleError):
    """The worker is not serving yet."""

    code = "not_started"
    retryable = True


class Draining(LifecycleError):
    """This instance is going away; another one may take the call."""

    code = "draining"
    retryable = True


class StartFailed(LifecycleError):
    """A part could not start; the node stops."""

    code = "start_failed"
    http_status = 500


class BadSettings(CoveyError):
    """A setting is wrong; ``param`` is its full path. The process exits with code 2."""

    code = "bad_settings"


class Cancelled(CoveyError):
    """The caller no longer wants the answer. Never logged as an error."""

    code = "cancelled"
    http_status = 499


def _leaves(root: type[CoveyError]) -> dict[str, type[CoveyError]]:
    found = {root.code: root} if "code" in vars(root) else {}
    for child in root.__subclasses__():
        found.update(_leaves(child))
    return found


ERRORS_BY_CODE: dict[str, type[CoveyError]] = _leaves(CoveyError)
"""Every error that may cross the wire, by its code."""


def error_from_code(
    code: str, detail: str = "", *, param: str | None = None, retry_after_s: float | None = None
) -> CoveyError:
    """Rebuild an error that arrived from another process; an unknown code becomes the root error."""
    return ERRORS_BY_CODE.get(code, CoveyError)(detail, param=param, retry_after_s=retry_after_s)
