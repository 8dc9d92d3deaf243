"""The catalogue of everything a person can ask for besides generating: one row each, with who may.

An operation is an endpoint, the access it needs, whether it is audited, and its place in the platform API. The bridge
makes its routes and the OpenAPI page from this table, the gateway its policy, the tests their role × route matrix: a new
row without an access cannot exist. ``operate`` carries the endpoint's request as msgpack; the worker that ``owner`` names
answers it. Operations that the client worker owns are only *authorised* by the gateway (``gateway.authorize``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from covey.protocol import (
    auth,
    contents,
    conversations,
    model_settings,
    nodes,
    overview,
    registry,
    requests,
    settings,
    usage,
)
from covey.protocol.endpoint import Empty, Endpoint, Message, StreamEndpoint

Access = Literal["anonymous", "any", "inference", "account", "admin"]
"""``anonymous``: no credential. ``any``: any valid credential. Otherwise the scope that the credential must have."""


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    """``<noun>.<verb>``, stable: it is the OpenAPI operation id and the audit action."""
    endpoint: Endpoint[Any, Any]
    access: Access
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    """Below ``/covey/v1``; ``{field}`` is taken from the path, other fields from the query (GET, DELETE) or the body."""
    summary: str
    audited: bool = False
    status: int = 200

    @property
    def owner(self) -> str:
        """The service that answers it."""
        return self.endpoint.service


class Operate(Message, frozen=True, kw_only=True):
    operation: str
    credential: str | None = None
    body: bytes = b"\x80"
    """The request of the operation's endpoint, msgpack."""


class OperationResult(Message, frozen=True, kw_only=True):
    body: bytes
    """The response of the operation's endpoint, msgpack."""


class Authorize(Message, frozen=True, kw_only=True):
    """May this credential do this? Answered by a gateway from its read copies."""

    credential: str
    operation: str
    """An operation's name, or ``inference`` for generating and embedding."""


OPERATE = Endpoint("gateway.operate", Operate, OperationResult, timeout_s=30.0)
CLIENT_OPERATE = Endpoint("client.operate", Operate, OperationResult, timeout_s=30.0)
AUTHORIZE = Endpoint("gateway.authorize", Authorize, auth.Identity, idempotent=True)
LIST_MODELS = Endpoint("gateway.list_models", Empty, registry.ModelList, idempotent=True)
SHOW_MODEL = Endpoint("gateway.show_model", registry.ModelRef, registry.ModelDetails, idempotent=True)
LIST_RUNNING = Endpoint("gateway.list_running", Empty, registry.RunningModelList, idempotent=True)
REMOVE_MODEL = Endpoint("gateway.remove_model", registry.ModelRef, Empty, timeout_s=30.0, idempotent=True)
LIST_NODES = Endpoint("gateway.list_nodes", Empty, registry.NodeList, idempotent=True)


class GatewayPull(Message, frozen=True, kw_only=True):
    credential: str
    pull: registry.PullModel


GATEWAY_PULL_MODEL: StreamEndpoint[GatewayPull, registry.PullProgress] = StreamEndpoint(
    "gateway.pull_model", GatewayPull, registry.PullProgress
)
CLIENT_PULL_MODEL: StreamEndpoint[GatewayPull, registry.PullProgress] = StreamEndpoint(
    "client.pull_model", GatewayPull, registry.PullProgress
)


OPERATIONS: tuple[Operation, ...] = (
    # Accounts and sessions
    Operation(
        "registration.policy",
        auth.GET_REGISTRATION_POLICY,
        "anonymous",
        "GET",
        "/auth/registration",
        "Who may register",
    ),
    Operation(
        "accounts.register",
        auth.REGISTER,
        "anonymous",
        "POST",
        "/auth/register",
        "Make an account",
        audited=True,
        status=201,
    ),
    Operation("sessions.login", auth.LOGIN, "anonymous", "POST", "/auth/login", "Log in", audited=True),
    Operation("sessions.refresh", auth.REFRESH_SESSION, "anonymous", "POST", "/auth/refresh", "Renew a session"),
    Operation(
        "sessions.logout", auth.LOGOUT, "account", "POST", "/auth/logout", "Log out, here or everywhere", audited=True
    ),
    Operation(
        "accounts.change_password",
        auth.CHANGE_PASSWORD,
        "account",
        "POST",
        "/auth/password",
        "Change the own password",
        audited=True,
    ),
    Operation("accounts.me", auth.GET_USER, "any", "GET", "/me", "The account that the credential speaks for"),
    Operation("sessions.list", auth.LIST_SESSIONS, "account", "GET", "/sessions", "Own sessions"),
    Operation(
        "sessions.revoke",
        auth.REVOKE_SESSION,
        "account",
        "DELETE",
        "/sessions/{session_id}",
        "End one of the own sessions",
        audited=True,
    ),
    # API keys
    Operation(
        "keys.create",
        auth.CREATE_KEY,
        "account",
        "POST",
        "/keys",
        "Make an API key; its secret is shown once",
        audited=True,
        status=201,
    ),
    Operation("keys.list", auth.LIST_KEYS, "account", "GET", "/keys", "Own API keys"),
    Operation(
        "keys.revoke",
        auth.REVOKE_KEY,
        "account",
        "DELETE",
        "/keys/{key_id}",
        "Revoke one of the own API keys",
        audited=True,
    ),
    # Models and nodes
    Operation("models.list", LIST_MODELS, "any", "GET", "/models", "Models that the credential may use"),
    Operation(
        "models.get_settings",
        model_settings.GET_MODEL_SETTINGS,
        "admin",
        "GET",
        "/models/{model}/settings",
        "What was decided about a model",
    ),
    Operation(
        "models.set_settings",
        model_settings.SET_MODEL_SETTINGS,
        "admin",
        "PUT",
        "/models/{model}/settings",
        "Give a model names, defaults, a description, and say who may use it",
        audited=True,
    ),
    Operation(
        "models.reset_settings",
        model_settings.RESET_MODEL_SETTINGS,
        "admin",
        "DELETE",
        "/models/{model}/settings",
        "Take back what was decided about a model",
        audited=True,
    ),
    Operation(
        "catalogue.list", model_settings.GET_CATALOGUE, "admin", "GET", "/catalogue", "Models that can be fetched"
    ),
    Operation("pulls.list", model_settings.LIST_PULLS, "admin", "GET", "/pulls", "Models that are being fetched"),
    Operation(
        "pulls.cancel",
        model_settings.CANCEL_PULL,
        "admin",
        "DELETE",
        "/pulls/{pull_id}",
        "Stop fetching a model",
        audited=True,
    ),
    Operation("models.show", SHOW_MODEL, "any", "GET", "/models/{model}", "One model in detail"),
    Operation("models.running", LIST_RUNNING, "any", "GET", "/running", "Models that are loaded, with their load"),
    Operation(
        "models.remove", REMOVE_MODEL, "admin", "DELETE", "/models/{model}", "Remove a model's files", audited=True
    ),
    Operation("nodes.list", LIST_NODES, "admin", "GET", "/nodes", "Nodes and their workers"),
    Operation(
        "nodes.drain",
        nodes.DRAIN_NODE,
        "admin",
        "POST",
        "/nodes/{node}/drain",
        "Have a node's processors finish what they have and take nothing new",
        audited=True,
    ),
    Operation(
        "nodes.resume",
        nodes.RESUME_NODE,
        "admin",
        "POST",
        "/nodes/{node}/resume",
        "Have a drained node's processors take requests again",
        audited=True,
    ),
    Operation(
        "nodes.invite",
        nodes.INVITE_NODE,
        "admin",
        "POST",
        "/nodes/invitations",
        "Invite a machine to join as a processor node; the token is shown once",
        audited=True,
        status=201,
    ),
    Operation(
        "nodes.invitations",
        nodes.LIST_NODE_INVITATIONS,
        "admin",
        "GET",
        "/nodes/invitations",
        "Open invitations of machines, and whether machines can join",
    ),
    Operation(
        "nodes.revoke_invitation",
        nodes.REVOKE_NODE_INVITATION,
        "admin",
        "DELETE",
        "/nodes/invitations/{invitation_id}",
        "Revoke the invitation of a machine",
        audited=True,
    ),
    Operation(
        "nodes.remove",
        nodes.REMOVE_NODE,
        "admin",
        "DELETE",
        "/nodes/{node}",
        "Take a machine's identity away and end its connection at once",
        audited=True,
    ),
    # Conversations, generations, preferences
    Operation(
        "conversations.create",
        conversations.CREATE_CONVERSATION,
        "account",
        "POST",
        "/conversations",
        "Begin or import a conversation",
        status=201,
    ),
    Operation(
        "conversations.list",
        conversations.LIST_CONVERSATIONS,
        "account",
        "GET",
        "/conversations",
        "Own conversations, newest first",
    ),
    Operation(
        "conversations.get",
        conversations.GET_CONVERSATION,
        "account",
        "GET",
        "/conversations/{conversation_id}",
        "One conversation with its messages",
    ),
    Operation(
        "conversations.update",
        conversations.UPDATE_CONVERSATION,
        "account",
        "PATCH",
        "/conversations/{conversation_id}",
        "Rename, pin, file or configure a conversation",
    ),
    Operation(
        "conversations.delete",
        conversations.DELETE_CONVERSATION,
        "account",
        "DELETE",
        "/conversations/{conversation_id}",
        "Delete a conversation",
    ),
    Operation(
        "conversations.append",
        conversations.APPEND_MESSAGE,
        "account",
        "POST",
        "/conversations/{conversation_id}/messages",
        "Add a message",
        status=201,
    ),
    Operation(
        "conversations.delete_all",
        conversations.DELETE_CONVERSATIONS,
        "account",
        "DELETE",
        "/conversations",
        "Delete all own conversations",
    ),
    Operation(
        "conversations.folders",
        conversations.LIST_FOLDERS,
        "account",
        "GET",
        "/folders",
        "Folders of the own conversations",
    ),
    Operation(
        "conversations.delete_branch",
        conversations.DELETE_BRANCH,
        "account",
        "DELETE",
        "/conversations/{conversation_id}/messages/{message_id}",
        "Delete a message and everything below it",
    ),
    Operation(
        "conversations.fork",
        conversations.FORK_CONVERSATION,
        "account",
        "POST",
        "/conversations/{conversation_id}/fork",
        "A new conversation with the messages down to one of them",
        status=201,
    ),
    Operation(
        "attachments.add",
        conversations.ADD_ATTACHMENT,
        "account",
        "POST",
        "/conversations/{conversation_id}/attachments",
        "Keep a picture for messages to name",
        status=201,
    ),
    Operation(
        "attachments.get",
        conversations.GET_ATTACHMENT,
        "account",
        "GET",
        "/conversations/{conversation_id}/attachments/{attachment_id}",
        "A picture of a conversation",
    ),
    Operation("preferences.get", conversations.GET_PREFERENCES, "account", "GET", "/preferences", "Own preferences"),
    Operation(
        "preferences.set",
        conversations.SET_PREFERENCES,
        "account",
        "PUT",
        "/preferences",
        "Replace the own preferences",
    ),
    Operation(
        "generations.list",
        conversations.LIST_GENERATIONS,
        "account",
        "GET",
        "/generations",
        "Own generations: running ones, attached ones too, and recent ones",
    ),
    Operation(
        "generations.get",
        conversations.GET_GENERATION,
        "account",
        "GET",
        "/generations/{generation_id}",
        "One generation with its time line",
    ),
    # Usage and administration
    Operation("usage.query", usage.QUERY_USAGE, "account", "GET", "/usage", "Usage by day, model and key"),
    Operation(
        "requests.query", requests.QUERY_REQUESTS, "account", "GET", "/requests", "The last requests, newest first"
    ),
    Operation(
        "requests.content",
        contents.GET_REQUEST_CONTENT,
        "admin",
        "GET",
        "/requests/{request_id}/content",
        "What was asked and answered, where that is kept; reading it is written into the audit log",
        audited=True,
    ),
    Operation(
        "content.policy",
        contents.GET_CONTENT_POLICY,
        "any",
        "GET",
        "/content-policy",
        "Whether administrators can read what is asked and answered, and for how long",
    ),
    Operation("overview.get", overview.GET_OVERVIEW, "admin", "GET", "/overview", "The service at a glance"),
    Operation(
        "settings.list",
        settings.LIST_SETTINGS,
        "admin",
        "GET",
        "/settings",
        "The settings in force of the node that answers, secrets masked",
    ),
    Operation("audit.query", usage.QUERY_AUDIT, "admin", "GET", "/audit", "The audit log, newest first"),
    Operation("users.list", auth.LIST_USERS, "admin", "GET", "/users", "All accounts"),
    Operation(
        "users.update",
        auth.UPDATE_USER,
        "admin",
        "PATCH",
        "/users/{user_id}",
        "Change a role, suspend or restore an account",
        audited=True,
    ),
    Operation(
        "users.delete", auth.DELETE_USER, "admin", "DELETE", "/users/{user_id}", "Delete an account", audited=True
    ),
    Operation(
        "users.reset_password",
        auth.RESET_PASSWORD,
        "admin",
        "POST",
        "/users/{user_id}/password",
        "Set a new password for an account",
        audited=True,
    ),
    Operation("users.keys", auth.LIST_USER_KEYS, "admin", "GET", "/users/{user_id}/keys", "API keys of an account"),
    Operation(
        "users.revoke_key",
        auth.REVOKE_USER_KEY,
        "admin",
        "DELETE",
        "/users/{user_id}/keys/{key_id}",
        "Revoke an API key of an account",
        audited=True,
    ),
    Operation(
        "users.sessions", auth.LIST_USER_SESSIONS, "admin", "GET", "/users/{user_id}/sessions", "Sessions of an account"
    ),
    Operation(
        "users.end_sessions",
        auth.END_USER_SESSIONS,
        "admin",
        "DELETE",
        "/users/{user_id}/sessions",
        "End all sessions of an account",
        audited=True,
    ),
    Operation(
        "invitations.create",
        auth.CREATE_INVITATION,
        "admin",
        "POST",
        "/invitations",
        "Invite someone; the code is shown once",
        audited=True,
        status=201,
    ),
    Operation("invitations.list", auth.LIST_INVITATIONS, "admin", "GET", "/invitations", "Invitations"),
    Operation(
        "invitations.revoke",
        auth.REVOKE_INVITATION,
        "admin",
        "DELETE",
        "/invitations/{invitation_id}",
        "Revoke an invitation",
        audited=True,
    ),
    Operation(
        "signing_keys.rotate",
        auth.ROTATE_SIGNING_KEY,
        "admin",
        "POST",
        "/signing-keys/rotate",
        "Sign new tokens with a new key; nobody is logged out",
        audited=True,
    ),
)

OPERATIONS_BY_NAME: dict[str, Operation] = {operation.name: operation for operation in OPERATIONS}
