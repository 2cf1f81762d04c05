#!/usr/bin/env bash
# Keeps one comment on a pull request: writes it at first, and anew when it is there. By `gh api`, with GH_TOKEN.
#
#   SUMMARY        the Markdown to show; a file that is not there is said to be missing
#   TOPIC          tells this comment from others; default: trial
#   PULL_REQUEST   its number; empty: there is nothing to comment on
#   GITHUB_REPOSITORY, GITHUB_SERVER_URL, GITHUB_RUN_ID, GITHUB_SHA    as GitHub sets them; COMMIT goes before GITHUB_SHA
set -euo pipefail

# GitHub takes 65536 characters; what a table would lose in its middle is cut at a line.
most=60000
marker="<!-- seatrial: ${TOPIC:-trial} -->"
page="${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}"

if [ -z "${PULL_REQUEST:-}" ]; then
  echo "comment: no pull request, so no comment"
  exit 0
fi

body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
  printf '%s\n' "$marker"
  if [ -s "${SUMMARY:-}" ]; then
    LC_ALL=C awk -v most="$most" '
      { size += length($0) + 1 }
      size > most { print "\n(The rest is in the artefacts.)"; exit }
      { print }' "$SUMMARY"
  else
    printf '## Seatrial: no verdict\n\nThe trial left no summary. What it said is in its log.\n'
  fi
  commit=${COMMIT:-${GITHUB_SHA:-}}
  printf '\nOf commit %s, with report and samples, in [this run](%s).\n' "${commit:0:12}" "$page"
} >"$body"

comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
# Only what a workflow wrote: anybody could write the marker.
old=$(MARKER=$marker gh api --paginate "$comments" \
  --jq '.[] | select(.user.type == "Bot" and (.body | startswith(env.MARKER))) | .id')
old=${old%%$'\n'*}
if [ -n "$old" ]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$old" --field "body=@$body"
  echo "comment: $old is written anew"
else
  gh api --silent --method POST "$comments" --field "body=@$body"
  echo "comment: written"
fi
