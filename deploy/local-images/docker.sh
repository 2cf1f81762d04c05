#!/usr/bin/env bash
# Makes sure that a Docker daemon answers, on Debian without systemd too. Does nothing where one does.
# Needs root for what it installs and starts; says what is missing otherwise, and exits with 69 (EX_UNAVAILABLE).
set -euo pipefail
state=${SEATRIAL_DOCKER_STATE:-/var/lib/seatrial-docker}

die() { echo "docker: $*" >&2; exit 69; }

answers() { docker info >/dev/null 2>&1; }

install_packages() {
  local missing=()
  command -v dockerd >/dev/null || missing+=(docker.io)
  command -v debootstrap >/dev/null || missing+=(debootstrap)
  command -v iptables >/dev/null || missing+=(iptables)
  ((${#missing[@]})) || return 0
  echo "docker: installing ${missing[*]}"
  # Without an init the package's script would try to start a service, and fail.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -d /run/systemd/system ] && [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; made=yes
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  [ -z "$made" ] || rm -f "$policy"
}

start_daemon() {
  mkdir -p "$state"
  setsid nohup dockerd --pidfile "$state/dockerd.pid" >"$state/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 150); do
    answers && return 0
    sleep 0.2
  done
  tail -20 "$state/dockerd.log" >&2
  die "the daemon does not answer; its log ends as above."
}

if ! answers || ! command -v debootstrap >/dev/null; then
  command -v apt-get >/dev/null || die "no Docker daemon answers, and this is no Debian to get one from. Start Docker."
  [ "$(id -u)" = 0 ] || die "no Docker daemon answers. Start it, or run this as root."
  install_packages
  answers || start_daemon
fi
docker version --format 'docker: client {{.Client.Version}}, server {{.Server.Version}}'
