#!/usr/bin/env bash
# What stands before and beside a release.
#
#   release.sh passed           has the gate passed this commit? By `gh api`, with GH_TOKEN
#   release.sh version          is the tag the version of pyproject.toml?
#   release.sh bills DIST SBOM  what the wheel in DIST and the images are made of, in CycloneDX, into SBOM
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

passed() {
  local conclusions
  conclusions=$(gh api "repos/${GITHUB_REPOSITORY:?}/commits/${GITHUB_SHA:?}/check-runs?check_name=gate&filter=latest" \
    --jq '.check_runs[] | select(.app.slug == "github-actions") | .conclusion')
  if [ -z "$conclusions" ] || [ "$(sort -u <<<"$conclusions")" != success ]; then
    echo "::error title=release::the gate of ${GITHUB_SHA} says: ${conclusions:-nothing}"
    exit 1
  fi
}

version() {
  local declared
  declared=$(python3 -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
  if [ "${GITHUB_REF_NAME:?}" != "v$declared" ]; then
    echo "::error title=release::the tag is $GITHUB_REF_NAME, the version $declared"
    exit 1
  fi
}

bills() {
  local dist=$1 sbom=$2 each scratch
  local tell=(.tools/workflows/bin/cyclonedx-py)
  scratch=$(mktemp -d)
  mkdir -p "$sbom"
  .tools/bin/uv venv --quiet --no-python-downloads --python .venv/bin/python "$scratch/venv"
  .tools/bin/uv pip install --quiet --python "$scratch/venv/bin/python" --constraint requirements.lock "$dist"/*.whl
  "${tell[@]}" environment --pyproject pyproject.toml --output-reproducible --output-file "$sbom/seatrial.cdx.json" "$scratch/venv"
  for each in fleet load; do
    "${tell[@]}" requirements --output-reproducible --output-file "$sbom/$each-images.cdx.json" "requirements-$each.lock"
  done
  rm -rf "$scratch"
}

case ${1:-} in
  passed | version) "$1" ;;
  bills) bills "${2:?release.sh bills DIST SBOM}" "${3:?release.sh bills DIST SBOM}" ;;
  *) echo "release: passed, version or bills DIST SBOM" >&2; exit 64 ;;
esac
