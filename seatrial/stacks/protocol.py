"""What the trial may ask of any stack, and the data it gets back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from seatrial.stacks.turns import Turns

if TYPE_CHECKING:
    from seatrial.stacks.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Replica:
    """One running replica. `worker_pid` is the process that answers requests; None until it is known.

    `metrics_url` and `log_file` are None where it has no metrics or no log within reach; `main_pid` where somebody
    else has started it.
    """

    service: str
    instance: str
    replica: int
    url: str
    admin_url: str
    main_pid: int | None
    worker_pid: int | None
    ready: bool
    metrics_url: str | None
    log_file: Path | None
    container: str | None = None  # Docker's key of it, where it is one


@dataclass(frozen=True, slots=True)
class UnplannedExit:
    """A process that ended without having been asked to. `at` is seconds since the epoch.

    `returncode` is None for a worker, whose end only its main learns.
    """

    name: str
    pid: int
    returncode: int | None
    at: float


@dataclass(frozen=True, slots=True)
class StopRecord:
    """How a replica ended that was asked to: exit code, seconds since it was asked, and whether it had to be killed."""

    instance: str
    code: int | None
    seconds: float
    killed: bool


class Stack(Protocol):
    """A fleet with its observability, owned by the process that started it."""

    run_dir: Path

    @property
    def discovery_file(self) -> Path | None:
        """Where the load finds all replicas of the entry; None when `entry_url` is all there is."""

    @property
    def unable(self) -> Mapping[str, str]:
        """Checks that this kind of stack gives no ground for, and why: `drain.clean`, `restarts.unplanned`."""

    @property
    def deaf(self) -> str:
        """Why nobody is told of alerts; empty when somebody is, or nobody is to be."""

    def up(self) -> None:
        """Start everything and return when all of it is ready; raise StackError naming what is not, and why."""

    def replicas(self) -> list[Replica]:
        """Every replica that should be running."""

    def entry_url(self) -> str:
        """The address that clients use, without a trailing slash."""

    def prometheus_url(self) -> str | None:
        """None when the stack has no Prometheus."""

    def pipeline(self) -> Pipeline | None:
        """The log pipeline, as it is now; None when nobody asked for one."""

    def stores(self) -> dict[str, str]:
        """Service to store URL."""

    def status(self) -> dict[str, Any]:
        """The document that `seatrial status --json` prints and that hooks receive as `services`."""

    def call_hook(self, name: str, command: Sequence[str], timeout: float = 120.0, **document: Any) -> dict[str, Any]:
        """Run a hook of the project against this stack. Raises HookError."""

    def unplanned_exits(self) -> list[UnplannedExit]:
        """Processes of the fleet or its observability that died by themselves, oldest first."""

    def restart(self, service: str, replica: int | None = None) -> None:
        """A planned restart, one replica after another until each is ready; recorded as events of the run."""

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        """`restart` in turns. Raises UsageError where nothing can be restarted."""

    def drain(self) -> list[StopRecord] | None:
        """Stop the fleet, the entry first, each replica with the time it needs; recorded as events of the run.

        None when it is not this stack's to stop.
        """

    def down(self) -> None:
        """Stop everything in order; idempotent; leaves no process behind."""
