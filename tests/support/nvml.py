"""A driver's library with cards of one's own: what `hardware` asks of NVML, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Card:
    name: str
    uuid: str
    total: int | None  # None: the driver does not tell
    used: int = 0


class FakeNvml:
    class NVMLError(Exception):
        pass

    def __init__(self, *cards: Card, parts: tuple[Card, ...] = ()) -> None:
        self.cards, self.parts = cards, parts  # parts of cards (MIG) are found by their names only

    def nvmlSystemGetDriverVersion(self) -> str:
        return "570.86"

    def nvmlSystemGetCudaDriverVersion_v2(self) -> int:
        return 13000

    def nvmlDeviceGetCount(self) -> int:
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:
        return self.cards[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Card:
        for card in (*self.cards, *self.parts):
            if card.uuid == uuid:
                return card
        raise self.NVMLError

    def nvmlDeviceGetUUID(self, card: Card) -> str:
        return card.uuid

    def nvmlDeviceGetName(self, card: Card) -> str:
        return card.name

    def nvmlDeviceGetMemoryInfo(self, card: Card) -> Any:
        if card.total is None:
            raise self.NVMLError
        return type("Memory", (), {"total": card.total, "used": card.used})
