"""A fleet that somebody else runs: its own Prometheus is all that this stack starts, and all that it stops.

Owns reaching the replicas and saying what cannot be done with processes of others. Leaves Prometheus and what others
read to owned.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from seatrial.errors import UsageError
from seatrial.project.fleet import Elsewhere, Fleet
from seatrial.project.fleet_checks import refuse_unreachable
from seatrial.project.project import Project
from seatrial.run_folder import RunFolder, write_json
from seatrial.settings import Settings
from seatrial.stacks import observation
from seatrial.stacks.owned import OnEvent, OwnedStack, ignore
from seatrial.stacks.pipeline import Wanted
from seatrial.stacks.prometheus import target_group
from seatrial.stacks.protocol import UnplannedExit
from seatrial.stacks.readiness import ready
from seatrial.stacks.turns import Turns, to_the_end
from seatrial.stacks.watch import Watch

# What runs already need not be waited for; some seconds are for a replica that is just being started again.
REACH_SECONDS = 10.0
UNABLE = MappingProxyType(
    {
        "drain.clean": "the services were started by somebody else, who stops them",
        "restarts.unplanned": "the services are processes of somebody else, which are not watched",
    }
)


@dataclass(frozen=True, slots=True)
class Reached:
    """One replica of a service, where it runs."""

    service: str
    replica: int
    at: Elsewhere

    @property
    def instance(self) -> str:
        """The replica's name in metrics and findings."""
        return f"{self.service}-{self.replica}"

    def entry(self, fleet: Fleet, root: Path) -> dict[str, Any]:
        """As stack.json has it."""
        admin_url = self.at.admin_url or self.at.url
        admin = fleet.admin_of(self.service)
        return {
            "service": self.service,
            "instance": self.instance,
            "replica": self.replica,
            "url": self.at.url,
            "admin_url": admin_url,
            "metrics_url": admin.metrics and admin_url + admin.metrics,
            "ready_url": admin.ready and admin_url + admin.ready,
            "external": True,
            "main_pid": None,
            "worker_pid": None,
            "ready": False,
            "log_file": self.at.log and str(root / self.at.log),
        }


def reached(fleet: Fleet) -> list[Reached]:
    """Every replica that fleet.yml knows to run somewhere."""
    return [
        Reached(name, number, at)
        for name, service in fleet.services.items()
        for number, at in enumerate(service.external, start=1)
    ]


class ExternalStack(OwnedStack):
    """See stacks.protocol.Stack. Raises UsageError when fleet.yml does not say where a service runs."""

    def __init__(
        self,
        project: Project,
        run: RunFolder,
        *,
        on_event: OnEvent = ignore,
        settings: Settings | None = None,
        pipeline: Wanted | None = None,
    ) -> None:
        super().__init__(project, run, on_event=on_event, settings=settings, pipeline=pipeline)
        refuse_unreachable(project.fleet)
        self._replicas = reached(project.fleet)
        self._losses = Watch(self._tell_loss)

    def up(self) -> None:
        """Start Prometheus, and see that every replica is ready. Raises StackError; call `down` then too."""
        found = self._begin()
        if found is not None:
            self._take_prometheus_port()
        self._take_pipeline_ports()
        write_json(self._discovery, self._traffic_targets())
        self._write_targets()
        self._set_state("starting")
        self._start_pipeline()
        with self.step("prometheus"):
            self._start_prometheus(found)
        with self.step("services"):
            self._await_ready()
        self._await_pipeline()
        self._set_state("ready")

    def entries(self) -> list[dict[str, Any]]:
        """All replicas, as stack.json has them."""
        return [replica.entry(self.project.fleet, self.project.root) for replica in self._replicas]

    def entry_url(self) -> str:
        """The entry's first replica."""
        return self._doors()[0].at.url

    @property
    def discovery_file(self) -> Path | None:
        """None for a single door: its address may be a name, or begin with https, which only its URL tells."""
        return self._discovery if len(self._doors()) > 1 else None

    @property
    def unable(self) -> Mapping[str, str]:
        """Whose processes these are not."""
        return UNABLE

    def unplanned_exits(self) -> list[UnplannedExit]:
        """Of Prometheus and the log pipeline only."""
        self.watch()
        return list(self._losses.exits)

    def watch(self) -> None:
        """Look at what this stack has started."""
        self._losses.look([], self._others())

    def restart(self, service: str, replica: int | None = None) -> None:
        """Refused."""
        to_the_end(self.restarting(service, replica))

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        """Of what this stack has started; of services refused, when its first turn comes."""
        del replica
        if (component := self._restarting_component(service)) is not None:
            yield from component
            return
        yield from ()
        raise UsageError(
            f"{service} was started by somebody else, so run {self.run.id} cannot restart it. Do it there."
        )

    def drain(self) -> None:
        """The fleet is not this stack's to stop."""
        return

    def down(self) -> None:
        """Stop Prometheus; the services stay."""
        if self._guardian is None:
            return
        with self.step("stop"):
            self.watch()
            self._set_state("stopping")
            self._end()

    @property
    def _discovery(self) -> Path:
        return self.run_dir / "discovery.json"

    def _doors(self) -> list[Reached]:
        return [replica for replica in self._replicas if replica.service == self.project.fleet.entry]

    def _traffic_targets(self) -> list[dict[str, Any]]:
        return [
            target_group(urlsplit(each.at.url).netloc, job=each.service, instance=each.instance)
            for each in self._replicas
        ]

    def _await_ready(self) -> None:
        checks = self._prometheus_check()
        for each in self.entries():
            checks[f"{each['instance']} at {each['url']}"] = partial(
                observation.is_ready, each["url"], each["ready_url"]
            )
        told = partial(self._on_event, "ready")
        children = [child for child in self._others() if child.name in checks]
        waiting = ready(
            checks, children, lambda name, seconds: told(name=name, seconds=seconds), patience=REACH_SECONDS
        )
        to_the_end(waiting)
