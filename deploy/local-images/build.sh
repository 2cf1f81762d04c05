#!/usr/bin/env bash
# Builds what docker-compose.yml needs where no registry can be reached: a Python base from Debian by debootstrap, the shop's services on
# it, and stand-ins for the servers that Debian has. Idempotent: what is there is used. Each step says how long it took.
# At the end docker-compose.override.yml, which compose reads by itself, leads to docker-compose.offline.yml; remove it to go back.
set -euo pipefail
cd "$(dirname "$0")/../.."
base=${BASE_IMAGE:-seatrial/base:offline}
prefix=${IMAGE_PREFIX:-seatrial}
suite=bookworm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
services=(gateway catalog inventory orders payments users activity)

step() {
  local title=$1 began; shift
  began=$(date +%s%N)
  "$@"
  printf '%-28s %6.1f s\n' "$title" "$(awk -v ns=$(($(date +%s%N) - began)) 'BEGIN { print ns / 1e9 }')"
}

# The mirror that this machine's apt uses; no address is written down.
mirror() { apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1; }

# Docker in a container that intercepts TLS needs the same certificates inside: an image for this machine alone.
import_base() {
  docker image inspect "$base" >/dev/null 2>&1 && return
  local root=$work/root
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip "$suite" "$root" "$(mirror)" >"$root.log" 2>&1 ||
    { tail -20 "$root.log" >&2; exit 1; }
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  tar -C "$root" --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' -c . | docker import \
    -c 'ENV LANG=C.UTF-8 PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' \
    -c 'CMD ["python3"]' - "$base" >/dev/null
}

# Recipe, name, and what its recipe is told besides. The builder that every Docker has: BuildKit is a plugin, which Debian's package lacks.
build() {
  local recipe=$1 name=$2; shift 2
  DOCKER_BUILDKIT=0 docker build --quiet --force-rm --file "$recipe" --build-arg "BASE_IMAGE=$base" "$@" \
    --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" --tag "$prefix/$name:local" . >/dev/null 2>"$work/build.log" ||
    { cat "$work/build.log" >&2; exit 1; }
}

step "a daemon" deploy/local-images/docker.sh
step "base image $base" import_base
for service in "${services[@]}"; do
  step "image $prefix/$service:local" build fleet/Dockerfile "$service" --build-arg "SERVICE=$service"
done
step "image $prefix/fleet:local" build fleet/Dockerfile fleet --build-arg SERVICE=
step "image $prefix/load:local" build loadtests/Dockerfile load
servers=deploy/local-images/debian-server.Dockerfile
step "image $prefix/prometheus:local" build $servers prometheus --build-arg PACKAGE=prometheus --build-arg PROGRAM=prometheus --build-arg TOOL=promtool
step "image $prefix/alertmanager:local" build $servers alertmanager --build-arg PACKAGE=prometheus-alertmanager --build-arg PROGRAM=alertmanager --build-arg TOOL=amtool
step "image $prefix/postgres:local" build deploy/local-images/postgres.Dockerfile postgres
step "image $prefix/cassandra:local" build deploy/local-images/cassandra.Dockerfile cassandra
step "image $prefix/elasticsearch:local" build deploy/local-images/elasticsearch.Dockerfile elasticsearch
ln -sf docker-compose.offline.yml docker-compose.override.yml
echo "docker compose up: starts these. Not to be had here, and left out: Grafana, Kibana, Logstash, Filebeat."
docker image ls --format 'table {{.Repository}}:{{.Tag}}\t{{.Size}}' | grep -E "REPOSITORY|^$prefix/"
