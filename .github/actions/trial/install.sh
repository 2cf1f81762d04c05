#!/usr/bin/env bash
# Installs Seatrial into a folder of its own, with what a trial needs beside it: the one that this action comes with, by its
# lock, or the one that INSTALL names. Says where the command is.
#
#   INSTALL        what pip would take, as seatrial==0.1.0; empty: the one that this action comes with
#   REQUIREMENTS   a requirements file of the fleet's own, for services that run in the same environment; empty: none
#   RUNNER_TEMP    where the folder is made
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
tools=$RUNNER_TEMP/seatrial-tools
environment=$RUNNER_TEMP/seatrial

python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --upgrade --target "$tools" \
  --require-hashes -r "$project/requirements-setup.lock"
"$tools/bin/uv" venv --quiet --no-python-downloads --clear --python "$(command -v python)" "$environment"
wanted=(--python "$environment/bin/python")
if [ -n "${INSTALL:-}" ]; then
  wanted+=("$INSTALL")
else
  wanted+=(--constraint "$project/requirements.lock" --build-constraint "$project/requirements.lock" "$project")
fi
[ -z "${REQUIREMENTS:-}" ] || wanted+=(--requirement "$REQUIREMENTS")
"$tools/bin/uv" pip install --quiet "${wanted[@]}"
"$environment/bin/seatrial" install
[ -z "${GITHUB_OUTPUT:-}" ] || echo "command=$environment/bin/seatrial" >>"$GITHUB_OUTPUT"
