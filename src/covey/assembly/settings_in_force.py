"""The settings of a node, one by one, with where each comes from and what it means. Secrets never leave as they are."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from covey.protocol.settings import Origin, SettingInForce
from covey.quantities import limits_of, notable_range
from covey.settings import MASK, SECRET_NAMES, Settings, masked


def settings_in_force(settings: Settings, origins: Mapping[str, Origin]) -> tuple[SettingInForce, ...]:
    """Every setting in the order of the code. ``origins``: path → where it was set; what is not in it is a default."""
    return tuple(_of_struct(settings, "", origins))


def _of_struct(value: msgspec.Struct, path: str, origins: Mapping[str, Origin]) -> Iterator[SettingInForce]:
    about = field_sentences(type(value))
    for field in msgspec.structs.fields(value):
        inner, inner_path = getattr(value, field.name), f"{path}{field.encode_name}"
        if isinstance(inner, msgspec.Struct):
            yield from _of_struct(inner, f"{inner_path}.", origins)
        elif isinstance(inner, tuple | list) and inner and all(isinstance(item, msgspec.Struct) for item in inner):
            for position, item in enumerate(inner):
                yield from _of_struct(item, f"{inner_path}[{position}].", origins)
        else:
            secret = SECRET_NAMES.search(field.encode_name) is not None
            yield SettingInForce(
                path=inner_path,
                value=(MASK if inner else "") if secret else _plain(inner),
                origin=origin_of(inner_path, origins),
                secret=secret,
                about=about.get(field.name, ""),
            )


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(masked(value), enc_hook=str)


def origin_of(path: str, origins: Mapping[str, Origin]) -> Origin:
    """Where the setting, or the list or table that it is part of, was given."""
    while path:
        found = origins.get(path)
        if found is not None:
            return found
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return "default"


@cache
def field_sentences(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Field name → the docstring that stands under it, on one line, and its range. Empty where there is no source
    code."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if base is msgspec.Struct or base is object or not issubclass(base, msgspec.Struct):
            continue
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        except OSError:
            continue
        assert isinstance(body, ast.ClassDef)
        for field, after in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                found[field.target.id] = " ".join(str(after.value.value).split())
    for about in msgspec.structs.fields(struct):
        limits = limits_of(about.type)
        if about.name in found and limits is not None and (notable := notable_range(limits)):
            found[about.name] += f" {notable.capitalize()}."
    return found
