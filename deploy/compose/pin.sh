#!/bin/sh
# Pins the images of others in docker-compose.yml to what their versions are now: behind each goes its digest, in place of an older one.
# Each image's registry is asked. The file is written when all have answered; else it is as it was, and this ends with 69 (EX_UNAVAILABLE).
set -eu
cd "$(dirname -- "$0")/../.."
file=docker-compose.yml

die() {
  echo "pin: $* $file is as it was." >&2
  exit 69
}

docker buildx version >/dev/null 2>&1 || die "There is no docker with buildx, which asks the registries."
work=$(mktemp -d)
trap 'rm -rf -- "$work" "$file.pinned"' EXIT

# The project's own begin with a variable.
images=$(sed -En 's/^ *image: ([^$@ ]+:[^@ ]+)(@.*| .*)?$/\1/p' "$file" | sort -u)
pinned=0
for image in $images; do
  digest=$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$image" 2>"$work/trouble") ||
    die "The registry of $image cannot be asked ($(tail -n 1 "$work/trouble"))."
  printf '%s\n' "$digest" | grep -Eqx 'sha256:[0-9a-f]{64}' || die "The registry of $image answers '$digest', which is no digest."
  echo "pin: $image is $digest"
  name=$(printf '%s' "$image" | sed 's/\./\\./g')
  printf '%s\n' "s|^( *image: $name)(@[^ ]+)?( .*)?\$|\\1@$digest\\3|" >>"$work/changes"
  pinned=$((pinned + 1))
done

cp -p "$file" "$file.pinned" # for its rights
sed -E -f "$work/changes" "$file" >"$file.pinned"
mv "$file.pinned" "$file"
echo "pin: $pinned images of $file are pinned"
