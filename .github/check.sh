#!/usr/bin/env bash
# Holds the workflows, the actions, their scripts and GitHub's other files to what GitHub takes, and to what is safe: actionlint,
# the schemas, zizmor, shellcheck. All come from package registries, into .tools/, and work without the network afterwards.
#
#   .github/check.sh            everything; needs Go 1.21 or newer once (Debian: golang, of backports in Debian 12)
#   .github/check.sh install    the Python tools alone
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Go's checksum database vouches for it.
actionlint_version=v1.7.12
actionlint=.tools/actionlint-$actionlint_version/actionlint
tools=.tools/workflows
workflows=(.github/workflows/*.yml)
mapfile -t actions < <(find .github/actions -name action.yml | sort)
mapfile -t scripts < <(find .github -name '*.sh' | sort)

install_tools() {
  [ "$tools/.ready" -nt .github/requirements.lock ] && return
  [ -x .tools/bin/uv ] || make --no-print-directory .tools/bin/uv
  .tools/bin/uv venv --quiet --no-python-downloads --clear "$tools"
  .tools/bin/uv pip sync --quiet --require-hashes --python "$tools/bin/python" .github/requirements.lock
  touch "$tools/.ready"
}

install_actionlint() {
  [ -x "$actionlint" ] && return
  if ! command -v go >/dev/null; then
    echo "check: actionlint is built by Go, and there is none. Install Go 1.21 or newer." >&2
    exit 3
  fi
  GOFLAGS='' GOBIN=$PWD/$(dirname "$actionlint") go install "github.com/rhysd/actionlint/cmd/actionlint@$actionlint_version"
}

# Each is asked, also when one before it found something, and heard when it did.
failed=()
ask() {
  local name=$1 found
  shift
  if found=$("$@" 2>&1); then
    echo "ok    $name"
  else
    printf '%s\nFAIL  %s\n' "$found" "$name"
    failed+=("$name")
  fi
}

schema() { "$tools/bin/check-jsonschema" --builtin-schema "vendor.$1" "${@:2}"; }

install_tools
[ "${1:-}" != install ] || exit 0
install_actionlint
ask shellcheck "$tools/bin/shellcheck" "${scripts[@]}"
ask actionlint "$actionlint" -no-color -shellcheck "$tools/bin/shellcheck" -pyflakes '' "${workflows[@]}"
ask "schema of workflows" schema github-workflows "${workflows[@]}"
ask "schema of actions" schema github-actions "${actions[@]}"
ask "schema of dependabot.yml" schema dependabot .github/dependabot.yml
ask "schema of issue forms" schema github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml
ask "schema of the issue page" schema github-issue-config .github/ISSUE_TEMPLATE/config.yml
ask zizmor "$tools/bin/zizmor" --offline --pedantic --strict-collection --no-progress --collect=all .github
[ ${#failed[@]} = 0 ]
