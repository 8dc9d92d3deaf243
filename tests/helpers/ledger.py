"""What was acknowledged, to be held against what is there afterwards."""

from __future__ import annotations

from covey.errors import StoreUnavailable
from covey.store.key_value import KeyValue


class Ledger:
    """Writes numbered keys, and remembers which were acknowledged and which are in doubt."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, bytes] = {}
        self.in_doubt = 0
        self._next = 0

    async def write(self, bucket: KeyValue) -> None:
        """One more key. A failure to answer is in doubt, never "not done"."""
        self._next += 1
        key, value = f"k.{self._next}", f"v{self._next}".encode()
        try:
            await bucket.create(key, value)
        except StoreUnavailable:
            self.in_doubt += 1
        else:
            self.acknowledged[key] = value

    async def missing(self, bucket: KeyValue) -> list[str]:
        """Acknowledged keys that are not there, or have another value."""
        found = {entry.key: entry.value for entry in await bucket.range("k")}
        return [key for key, value in self.acknowledged.items() if found.get(key) != value]
