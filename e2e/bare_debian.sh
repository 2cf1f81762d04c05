#!/usr/bin/env bash
# Proves the README on a bare machine: a fresh Debian root made by debootstrap, with python3, venv, pip, make and git
# and nothing cached, in which an ordinary user clones this checkout and runs the commands given (default: `make trial`
# twice, then `make test`). Needs root and debootstrap; leaves nothing behind unless KEEP=1.
#
#   sudo e2e/bare_debian.sh                     # trial, trial again, test
#   sudo e2e/bare_debian.sh 'make check'        # any commands instead
#
# Behind a TLS-inspecting proxy the machine's CA bundle is what the new root trusts, as on any machine of such a network.
set -euo pipefail

source_tree=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
suite=${SUITE:-bookworm}
cache=${BARE_CACHE:-/var/cache/seatrial-bare}
mirror=${MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)}
bundle=/etc/ssl/certs/ca-certificates.crt
commands=("$@")
((${#commands[@]})) || commands=('make trial' 'make trial' 'make test')

mkdir -p "$cache"
if [ ! -e "$cache/$suite.tar" ]; then
  echo "bare: debootstrap $suite (about two minutes, kept for the next time)"
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip,make,git,procps \
    "$suite" "$cache/$suite" "$mirror" >"$cache/debootstrap.log" 2>&1 || { tail -20 "$cache/debootstrap.log"; exit 1; }
  rm -rf "$cache/$suite"/var/cache/apt/archives/*.deb
  tar -C "$cache/$suite" -cf "$cache/$suite.tar.part" . && mv "$cache/$suite.tar.part" "$cache/$suite.tar"
  rm -rf "${cache:?}/$suite"
fi

root=$(mktemp -d "${TMPDIR:-/tmp}/seatrial-bare.XXXXXX")
clean_up() {
  umount -R -l "$root/proc" "$root/dev" 2>/dev/null || true
  mountpoint -q "$root/dev" && { echo "bare: $root/dev is still mounted, left alone"; return; }
  [ "${KEEP:-0}" = 1 ] && echo "bare: kept $root" || rm -rf --one-file-system "$root"
}
trap clean_up EXIT
tar -C "$root" -xf "$cache/$suite.tar"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp "$bundle" "$root$bundle"

chroot "$root" useradd --create-home --shell /bin/bash sailor
git clone --quiet --no-hardlinks "$source_tree" "$root/home/sailor/seatrial"
chroot "$root" chown -R sailor:sailor /home/sailor/seatrial

as_user() {
  chroot "$root" /usr/bin/env -i HOME=/home/sailor USER=sailor LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin \
    PIP_CERT="$bundle" SSL_CERT_FILE="$bundle" REQUESTS_CA_BUNDLE="$bundle" ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} \
    setpriv --reuid=sailor --regid=sailor --init-groups bash -c "cd ~/seatrial && $1"
}
for command in "${commands[@]}"; do
  started=$SECONDS
  echo "bare: \$ $command"
  as_user "$command" || { echo "bare: '$command' exited with $? after $((SECONDS - started)) s"; exit 1; }
  echo "bare: '$command' took $((SECONDS - started)) s"
done
echo "bare: processes left by the user: $(pgrep -u "$(stat -c %u "$root/home/sailor")" | wc -l)"
