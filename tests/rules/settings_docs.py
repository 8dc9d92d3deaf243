"""The sentences under the fields of configuration Structs, and the page that is made of them."""

from __future__ import annotations

from typing import Any

import msgspec

from covey.assembly.settings_in_force import field_sentences
from covey.settings import Settings, struct_of


def settings_page() -> str:
    """The text of ``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "Defaults < `covey.toml` < environment < command line. `covey config check` says whether a file is good, and",
        "`covey config show` prints what is in force with secrets masked. The environment spells `bridge.port` as",
        "`COVEY__BRIDGE__PORT`; values that begin with `[` or `{` are JSON. Any text setting `x` may be given as",
        "`x_file`: a path whose content is the value. A key that nobody knows stops the start with exit code 2.",
        "",
        "This page is made from the code: `python -m tests.rules.settings_docs` writes it.",
    ]
    for field in msgspec.structs.fields(Settings):
        inner = struct_of(field.type)
        assert inner is not None
        lines += section(field.name, inner)
    return "\n".join(lines) + "\n"


def section(path: str, struct: type[msgspec.Struct]) -> list[str]:
    lines = ["", f"## `{path}`", ""]
    document = struct.__doc__  # its own; getdoc would take msgspec's
    if document is None:
        raise ValueError(f"{struct.__name__} has to say what its settings are about")
    lines += [" ".join(document.split()), ""]
    lines += ["| setting | default | meaning |", "|---|---|---|"]
    later = []
    for field in msgspec.structs.fields(struct):
        inner = struct_of(field.type)
        if inner is not None and not is_list(field.type):
            later.append((f"{path}.{field.encode_name}", inner))
            continue
        if inner is not None:
            later.append((f"{path}.{field.encode_name}[]", inner))
        sentence = field_sentences(struct).get(field.name, "").replace("``", "`").replace("|", "\\|")
        lines.append(f"| `{field.encode_name}` | {default_text(field)} | {sentence} |")
    for inner_path, inner_struct in later:
        lines += section(inner_path, inner_struct)
    return lines


def is_list(annotation: Any) -> bool:
    return "tuple" in str(annotation) or "list" in str(annotation)


def default_text(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return f"`{msgspec.json.encode(value, enc_hook=str).decode()}`".replace("|", "\\|")


if __name__ == "__main__":
    from tests.rules.source import ROOT

    (ROOT / "docs" / "settings.md").write_text(settings_page())
