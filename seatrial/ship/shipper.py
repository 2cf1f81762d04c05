"""The shipper: reads a batch, sends it until every line of it is acknowledged, saves how far it came, and again.

Owns that order, which is what makes a line arrive, and the waiting when it cannot. Holds one batch in memory, whatever
waits on the disk.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from seatrial.project.telemetry import LogRoles
from seatrial.ship.bulk import Answer, Sender
from seatrial.ship.following import Chunk, Follower, Source
from seatrial.ship.gauges import Gauges
from seatrial.ship.letters import LETTERS, LetterBox
from seatrial.ship.lines import Document, Letter, Sorter
from seatrial.ship.names import IndexNames
from seatrial.ship.positions import POSITIONS, load_positions, save_positions

# How long nothing new is looked for when nothing was found.
IDLE_SECONDS = 0.2
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0


@dataclass(slots=True)
class Shipper:
    """`positions` is the file that remembers; `tell` gets a sentence when sending stops, and when it goes on."""

    follower: Follower
    sorter: Sorter
    sender: Sender
    box: LetterBox
    positions: Path
    tell: Callable[[str], None]
    gauges: Gauges = field(default_factory=Gauges)
    stop: Event = field(default_factory=Event)
    _blocked: str = ""
    _wait: float = FIRST_WAIT

    @classmethod
    def at(
        cls,
        folder: Path,
        sources: Sequence[Source],
        roles: Mapping[str, LogRoles],
        names: IndexNames,
        sender: Sender,
        tell: Callable[[str], None],
    ) -> Shipper:
        """One that goes on where the last of this folder was; `roles` by service."""
        positions = folder / POSITIONS
        follower = Follower(sources, load_positions(positions))
        return cls(follower, Sorter(names, roles), sender, LetterBox(folder / LETTERS, names.letters), positions, tell)

    def run(self) -> None:
        """Until `stop` is set; what is under way then is sent again by the next."""
        while not self.stop.is_set():
            try:
                found = self.turn()
            except OSError as error:  # a disk here that is full or gone
                self._put_off(f"{error.strerror or error}: {error.filename or self.positions.parent}")
                continue
            if not found:
                self.stop.wait(IDLE_SECONDS)

    def turn(self) -> bool:
        """One batch; whether there was one. Raises OSError when a disk here takes nothing."""
        self.follower.scan()
        chunks = self.follower.read()
        self._look()
        if not chunks or not self._ship(chunks):
            return False
        self.follower.acknowledge(chunks)
        save_positions(self.positions, self.follower.positions())
        self.gauges.bytes.inc(sum(chunk.end - chunk.begin for chunk in chunks))
        self._look()
        return True

    def _ship(self, chunks: Sequence[Chunk]) -> bool:
        """Whether all of it is acknowledged."""
        self.gauges.read.inc(sum(len(chunk.lines) for chunk in chunks))
        sorted_lines = [each for chunk in chunks for each in self.sorter.sort(chunk)]
        documents = [each for each in sorted_lines if isinstance(each, Document)]
        letters = [each for each in sorted_lines if isinstance(each, Letter)]
        answer = self._deliver(documents)
        if answer is None:
            return False
        self.gauges.acknowledged.inc(answer.created + answer.duplicates)
        self.gauges.duplicate.inc(answer.duplicates)
        return self._bury([*letters, *answer.letters])

    def _bury(self, letters: Sequence[Letter]) -> bool:
        """Into file and index; whether both have them."""
        if letters and self._deliver(self.box.keep(letters)) is None:
            return False
        self.gauges.letters.inc(len(letters))
        return True

    def _deliver(self, documents: Sequence[Document]) -> Answer | None:
        """Send, and send again what was put off, before anything later; None when told to stop meanwhile."""
        whole = Answer()
        while documents:
            self.gauges.sent.inc(len(documents))
            answer = self.sender.send(documents)
            whole.add(answer)
            documents = answer.again
            if not documents:
                break
            self.gauges.again.inc(len(documents))
            self._put_off(answer.reason)
            if self.stop.is_set():
                return None
        self._go_on()
        return whole

    def _put_off(self, reason: str) -> None:
        """Say so once per reason, and wait, longer each time; half of it by chance, so that not all come back at once."""
        if reason != self._blocked:
            self.tell(f"put off: {reason}")
        self._blocked = reason
        self.gauges.blocked.set(1)
        self._look()
        self.stop.wait(self._wait * random.uniform(0.5, 1.0))
        self._wait = min(LONGEST_WAIT, self._wait * 2)

    def _go_on(self) -> None:
        if self._blocked:
            self.tell("goes on")
        self._blocked, self._wait = "", FIRST_WAIT
        self.gauges.blocked.set(0)

    def _look(self) -> None:
        self.gauges.lag.set(self.follower.lag())
        self.gauges.queue.set(self.follower.backlog())
