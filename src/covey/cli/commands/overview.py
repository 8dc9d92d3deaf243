"""``covey overview``: the service at a glance, for administrators."""

from __future__ import annotations

from typing import Any

import click

from covey.cli.output import moment, show_item
from covey.cli.session import Session, pass_session


@click.command()
@pass_session
def overview(session: Session) -> None:
    """The service at a glance: what it did lately, what runs, whether it is well (administrators).

    \b
    Examples:
      covey overview
      covey overview -o json | jq .last_hour
    """
    found: dict[str, Any] = session.api(login=True).get("/covey/v1/overview")
    nodes = [
        f"{node['name']} ({', '.join(node['services'])}{', draining' if node.get('draining') else ''})"
        for node in found["nodes"]
    ]
    show_item(
        found,
        session.output,
        [
            ("version", found["version"]),
            ("since", f"{moment(found['started_at'])} UTC"),
            ("health", _health(found["health"])),
            ("last minute", _totals(found["last_minute"])),
            ("last hour", _totals(found["last_hour"])),
            ("last day", _totals(found["last_day"])),
            ("running", f"{found['running']} of {found['slots']} slots, {found['waiting']} waiting"),
            ("models", f"{found['models']}, loaded: {', '.join(found['loaded_models']) or 'none'}"),
            ("users", found["users"]),
            *((f"node {number}", text) for number, text in enumerate(nodes, 1)),
        ],
    )


def _totals(totals: dict[str, Any]) -> str:
    parts = [f"{totals.get('requests', 0)} requests"]
    parts += [f"{totals[name]} {name}" for name in ("failed", "refused") if totals.get(name)]
    tokens_in, tokens_out = totals.get("prompt_tokens", 0), totals.get("completion_tokens", 0)
    if tokens_in or tokens_out:
        parts.append(f"{tokens_in} tokens in, {tokens_out} out")
    if totals.get("first_token_p50_ms") is not None:
        parts.append(f"first token {totals['first_token_p50_ms']:.0f} ms, 95 % within {_p95(totals)}")
    return ", ".join(parts)


def _p95(totals: dict[str, Any]) -> str:
    late = totals.get("first_token_p95_ms")
    return "-" if late is None else f"{late:.0f} ms"


def _health(health: dict[str, Any]) -> str:
    troubles = (
        [] if health["mesh"] else [f"no answer from {', '.join(health.get('silent_gateways', ())) or 'a gateway'}"]
    )
    if not health["store"]:
        troubles.append(f"the store is away or slow, {health.get('records_waiting', 0)} records wait for it")
    return "; ".join(troubles) or "good"
