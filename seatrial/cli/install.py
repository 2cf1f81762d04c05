"""`seatrial install`: get what a stack needs beside Python packages."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from seatrial.cli.invocation import Invocation

if TYPE_CHECKING:
    from seatrial.settings import Settings

EXAMPLES = ("seatrial install", "seatrial install alertmanager", "seatrial install elasticsearch")


class Component(StrEnum):
    """What can be installed."""

    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    ELASTICSEARCH = "elasticsearch"


def install(
    context: typer.Context,
    component: Annotated[Component | None, typer.Argument(help="Default: Prometheus and Alertmanager.")] = None,
) -> None:
    """Get Prometheus, Alertmanager or Elasticsearch, without root.

    Prometheus 2.42 to 3.x and Alertmanager 0.22 or newer on PATH or in the cache, Elasticsearch 8 or 9 by ES_HOME or in the cache with a
    Java 17 or newer; else fetches it into the cache, and says what it did. Without a component, a machine that has no Alertmanager to
    offer is told so, and does without.
    """
    from seatrial.errors import SeatrialError

    invocation: Invocation = context.obj
    if component is not None:
        INSTALLERS[component](invocation.settings)
        return
    _prometheus(invocation.settings)
    try:
        _alertmanager(invocation.settings)
    except SeatrialError as error:
        print(f"no Alertmanager, so nobody will be told of alerts: {error}")


def _prometheus(settings: Settings) -> None:
    from seatrial.errors import StackError
    from seatrial.stacks.install import install_prometheus
    from seatrial.stacks.prometheus import find_prometheus

    cache = settings.cache_dir
    found = find_prometheus(cache)
    if found is None:
        folder = install_prometheus(cache, print)
        found = find_prometheus(cache)
        if found is None:
            raise StackError(f"what was put into {folder} does not run here. Put Prometheus 2.42 to 3.x on PATH.")
    print(f"prometheus {found.version}: {found.binary}")
    print(f"promtool: {found.promtool or 'not found (rules cannot be tested)'}")


def _alertmanager(settings: Settings) -> None:
    from seatrial.errors import StackError
    from seatrial.stacks.alertmanager import find_alertmanager
    from seatrial.stacks.install import install_alertmanager

    found = find_alertmanager(settings.cache_dir)
    if found is None:
        folder = install_alertmanager(settings.cache_dir, print)
        found = find_alertmanager(settings.cache_dir)
        if found is None:
            raise StackError(f"what was put into {folder} does not run here. Put Alertmanager 0.22 or newer on PATH.")
    print(f"alertmanager {found.version}: {found.binary}")


def _elasticsearch(settings: Settings) -> None:
    from seatrial.errors import StackError
    from seatrial.stacks.elasticsearch import REMEDY, cached_home, find_elasticsearch, version_of
    from seatrial.stacks.install_elasticsearch import install_elasticsearch, install_java

    cache, es_home, java_home = settings.cache_dir, settings.es_home, settings.java_home
    if es_home is None and version_of(cached_home(cache)) is None:
        install_elasticsearch(cache, print)
    install_java(cache, java_home, print)
    found = find_elasticsearch(cache, es_home, java_home)
    if found is None:
        raise StackError(f"no Elasticsearch that will do. {REMEDY}")
    print(f"elasticsearch {found.version}: {found.home}")
    print(f"java: {found.java}")


INSTALLERS = {
    Component.PROMETHEUS: _prometheus,
    Component.ALERTMANAGER: _alertmanager,
    Component.ELASTICSEARCH: _elasticsearch,
}
