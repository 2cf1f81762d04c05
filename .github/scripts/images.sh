#!/usr/bin/env bash
# Images of a release, and what is known against them.
#
#   images.sh build         for ghcr.io, by the repository's name and the tag
#   images.sh push FILE     push them; FILE gets their digests, as sha256sum writes them. REGISTRY_TOKEN lets in
#   images.sh scanner       get grype, into .tools/; Go's checksum database vouches for it
#   images.sh scan          the local images: fails on what is high or worse, and mended elsewhere; writes runs/scan
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

grype_version=v0.121.2
grype=.tools/grype-$grype_version/grype

# ghcr.io takes no capitals.
release_names() {
  local repository=${GITHUB_REPOSITORY:?}
  export SEATRIAL_IMAGES=ghcr.io/${repository,,} SEATRIAL_TAG=${GITHUB_REF_NAME#v}
}

compose() { docker compose --profile load "$@"; }

# Those of docker-compose.yml that are made here, not the servers of others.
ours() { compose config --images | sort -u | grep "^${SEATRIAL_IMAGES:-seatrial}/"; }

build() {
  release_names
  compose build --build-arg "VERSION=$SEATRIAL_TAG" --build-arg "REVISION=${GITHUB_SHA:?}"
}

push() {
  local file=$1 image name
  release_names
  printf '%s' "${REGISTRY_TOKEN:?}" | docker login ghcr.io --username "${GITHUB_ACTOR:?}" --password-stdin
  trap 'docker logout ghcr.io' EXIT
  mkdir -p "$(dirname "$file")"
  : >"$file"
  for image in $(ours); do
    docker push --quiet "$image"
    name=${image%:*}
    docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" |
      sed -n "s|^\($name\)@sha256:\([0-9a-f]\{64\}\)\$|\2  \1|p" >>"$file"
  done
  [ "$(wc -l <"$file")" = "$(ours | wc -l)" ] || { echo "images: not every image has its digest" >&2; exit 1; }
}

scanner() {
  [ -x "$grype" ] || GOFLAGS='' GOBIN=$PWD/$(dirname "$grype") go install "github.com/anchore/grype/cmd/grype@$grype_version"
}

scan() {
  local image name failed=()
  mkdir -p runs/scan
  for image in $(ours); do
    name=$(basename "${image%:*}")
    docker save --output "runs/scan/$name.tar" "$image"
    "$grype" "docker-archive:runs/scan/$name.tar" --only-fixed --fail-on high --output table --output "json=runs/scan/$name.json" ||
      failed+=("$name")
    rm -f "runs/scan/$name.tar"
  done
  [ ${#failed[@]} = 0 ] || { echo "::error title=images::known and mended elsewhere: ${failed[*]}"; exit 1; }
}

case ${1:-} in
  build | scanner | scan) "$1" ;;
  push) push "${2:?images.sh push FILE}" ;;
  *) echo "images: build, push FILE, scanner or scan" >&2; exit 64 ;;
esac
