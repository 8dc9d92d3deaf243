"""What a node shows of itself to its neighbours: its processes, their arguments, and the ports they listen on."""

from __future__ import annotations

from pathlib import Path

LISTENING = "0A"


def descendants(pid: int) -> list[int]:
    """The process and all that it started, itself first."""
    found = [pid]
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in listing.read_text().split():
            found += descendants(int(child))
    return found


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def listening(pid: int) -> set[tuple[str, int]]:
    """Address and port of every TCP socket on which one process listens."""
    inodes = {link.removeprefix("socket:[").rstrip("]") for link in open_files(pid) if link.startswith("socket:[")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in inodes:
                address, _, port = fields[1].partition(":")
                found.add((plain_address(address), int(port, 16)))
    return found


def open_files(pid: int) -> list[str]:
    found = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(str(path.readlink()))
        except OSError:
            continue  # closed meanwhile
    return found


def plain_address(text: str) -> str:
    """``0100007F`` → ``127.0.0.1``; an address of another length stays as the kernel writes it."""
    if len(text) != 8:
        return text
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(text)))


def found_in(folder: Path, canary: str | bytes) -> set[str]:
    """Files below a folder that contain the canary, as paths relative to it."""
    wanted = canary.encode() if isinstance(canary, str) else canary
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and wanted in path.read_bytes()
    }
