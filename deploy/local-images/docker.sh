#!/usr/bin/env bash
# Makes sure that a Docker daemon answers and knows `docker compose`, on Debian without systemd too. Does nothing where both are so.
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
  rm -f "$state/dockerd.pid" # nobody answers: what is left of one that was killed
  setsid nohup dockerd --pidfile "$state/dockerd.pid" >"$state/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 150); do
    answers && return 0
    sleep 0.2
  done
  tail -20 "$state/dockerd.log" >&2
  die "the daemon does not answer; its log ends as above."
}

# Debian 12 has the first generation alone, Debian's unstable branch the second: one program, which is unpacked where
# Docker looks for a user's plugins. apt gets lists and a cache of its own, so that the machine's never see that branch.
unpack_compose() {
  local plugins=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins mirror work options
  work=$(mktemp -d)
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$plugins"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$work/sources.list"
  options=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none)
  echo "docker: fetching the plugin compose from Debian's packages"
  apt-get "${options[@]}" -qq update
  (cd "$work" && apt-get "${options[@]}" -qq download docker-compose)
  dpkg -x "$work"/docker-compose_*.deb "$work/tree"
  install -m 755 "$(find "$work/tree" -type f -name docker-compose -perm -u+x | head -n 1)" "$plugins/docker-compose"
  rm -rf "$work"
}

if ! answers || ! command -v debootstrap >/dev/null; then
  command -v apt-get >/dev/null || die "no Docker daemon answers, and this is no Debian to get one from. Start Docker."
  [ "$(id -u)" = 0 ] || die "no Docker daemon answers. Start it, or run this as root."
  install_packages
  answers || start_daemon
fi
if ! docker compose version >/dev/null 2>&1; then
  command -v apt-get >/dev/null || die "there is no \`docker compose\`. Install Docker's plugin of that name."
  unpack_compose
fi
docker version --format 'docker: client {{.Client.Version}}, server {{.Server.Version}}'
echo "docker: $(docker compose version)"
