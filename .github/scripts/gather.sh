#!/usr/bin/env bash
# Packs what the runs of failed end-to-end tests said: verdicts, reports, logs. Usage: gather.sh FILE.tgz [FOLDER]
set -euo pipefail
file=$1
folder=${2:-${TMPDIR:-/tmp}}
mkdir -p "$(dirname "$file")"
# One log of an hour is more than anybody reads; a folder of another user's is none of ours.
find "$folder" -path '*pytest-of-*' -type f -size -20M \
  \( -name '*.out' -o -name '*.jsonl' -o -name '*.log' -o -name verdict.json -o -name evidence.json -o -name report.html \) \
  -print0 2>/dev/null | tar --null --files-from=- --ignore-failed-read -czf "$file"
echo "gather: $file"
