#!/usr/bin/env bash
# Runs a trial and tells its verdict in GitHub's words: outputs, a summary, an annotation, and a folder to keep.
# Needs nothing of GitHub: what is not set is not written. With arguments it runs that verb of seatrial instead of a trial.
#
#   GATE_COMMAND        the seatrial to call; default: seatrial
#   GATE_PROFILE, GATE_ON, GATE_PROJECT, GATE_SEED    as `seatrial trial` has them; empty is its own default
#   GATE_FAULT          faults, one a line
#   GATE_INCONCLUSIVE   block, or allow: then INCONCLUSIVE ends in 0; default: block
#   GATE_RUNS           where runs are made; default: runs
#   GATE_KEEP           a folder for what is worth keeping; default: none
#
# Ends as seatrial ended: 0 PASS, 1 FAIL, 2 INCONCLUSIVE, 3 the harness failed, 64 wrong usage, 130 interrupted.
set -uo pipefail

inconclusive=${GATE_INCONCLUSIVE:-block}
runs=${GATE_RUNS:-runs}
call=("${GATE_COMMAND:-seatrial}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
said=$scratch/said

compose_call() {
  local fault
  [ -z "${GATE_PROJECT:-}" ] || call+=(--project "$GATE_PROJECT")
  if (($#)); then
    call+=("$@")
    return
  fi
  call+=(trial)
  [ -z "${GATE_PROFILE:-}" ] || call+=("$GATE_PROFILE")
  [ -z "${GATE_ON:-}" ] || call+=(--on "$GATE_ON")
  [ -z "${GATE_SEED:-}" ] || call+=(--seed "$GATE_SEED")
  while IFS= read -r fault; do
    [ -z "$fault" ] || call+=(--fault "$fault")
  done <<<"${GATE_FAULT:-}"
  call+=(--runs "$runs" --no-page)
}

# In a process group of its own: bash would make it deaf to SIGINT otherwise, which is how a job is cancelled. What it says
# comes through a pipe to a process outside of that group, so that its last words are heard too.
run_call() {
  local teller child again=1
  mkfifo "$scratch/pipe"
  (trap '' INT TERM && exec tee "$said") <"$scratch/pipe" &
  teller=$!
  set -m
  "${call[@]}" </dev/null >"$scratch/pipe" 2>&1 &
  child=$!
  set +m
  trap 'again=1; kill -INT -- "-$child" 2>/dev/null' INT TERM
  while ((again)); do
    again=0
    wait "$child"
    code=$?
  done
  trap - INT TERM
  wait "$teller"
}

judge() {
  case $code in
    0) verdict=PASS level=notice ;;
    1) verdict=FAIL level=error ;;
    2) verdict=INCONCLUSIVE level=error ;;
    3) verdict=HARNESS-FAILED level=error ;;
    64) verdict=WRONG-USAGE level=error ;;
    130) verdict=INTERRUPTED level=error ;;
    *) verdict=UNKNOWN level=error ;;
  esac
  ends=$code
  if [ "$verdict" = INCONCLUSIVE ] && [ "$inconclusive" = allow ]; then
    level=warning ends=0
  fi
}

# The folder of this run, and none that lay there before.
find_run() {
  run=$(find "$runs" -mindepth 1 -maxdepth 1 -type d -newer "$scratch/began" 2>/dev/null | sort | tail -n 1)
  [ -z "$run" ] || run=$(cd "$run" && pwd)
}

summary() {
  if [ -n "$run" ] && [ -s "$run/summary.md" ]; then
    cat "$run/summary.md"
  else
    printf '## Seatrial: %s (exit code %s)\n\n````text\n' "$verdict" "$code"
    tail -n 20 "$said"
    printf '````\n'
  fi
  [ "$ends" = "$code" ] || printf '\n> INCONCLUSIVE does not block here (inconclusive: allow). It is no PASS: something could not be told.\n'
}

# Stores, tokens and what else a fleet keeps to itself stay behind.
keep() {
  local each wanted=(report.html summary.md verdict.json junit.xml run.json traces.json samples)
  [ "$verdict" = PASS ] || wanted+=(evidence.json logs metrics)
  mkdir -p "$GATE_KEEP"
  for each in "${wanted[@]}"; do
    [ -z "$run" ] || [ ! -e "$run/$each" ] || cp -R "$run/$each" "$GATE_KEEP/"
  done
  cp "$said" "$GATE_KEEP/said.txt"
  summary >"$GATE_KEEP/summary.md"
}

escaped() {
  local text=${1//'%'/'%25'}
  text=${text//$'\r'/'%0D'}
  printf '%s' "${text//$'\n'/'%0A'}"
}

tell() {
  local report=
  [ -z "$run" ] || [ ! -e "$run/report.html" ] || report=$run/report.html
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf '%s\n' "verdict=$verdict" "exit-code=$code" "run=$run" "report=$report" >>"$GITHUB_OUTPUT"
  fi
  [ -z "${GITHUB_STEP_SUMMARY:-}" ] || summary >>"$GITHUB_STEP_SUMMARY"
  [ -z "${GATE_KEEP:-}" ] || keep
  printf '::%s title=Seatrial %s::%s\n' "$level" "$verdict" "$(escaped "$(grep -v '^[[:space:]]*$' "$said" | tail -n 1)")"
}

if [ "$inconclusive" != block ] && [ "$inconclusive" != allow ]; then
  echo "gate: inconclusive is '$inconclusive': write block or allow." >&2
  exit 64
fi
compose_call "$@"
touch "$scratch/began"
sleep 0.01 # the clock of some file systems ticks in hundredths
# What a fleet says is no command to GitHub.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
code=3
run_call
echo "::$token::"
judge
find_run
tell
exit "$ends"
