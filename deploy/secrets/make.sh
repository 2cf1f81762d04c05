#!/bin/sh
# Makes the passwords that the profile elk needs, one random one in each file, and leaves those that are there.
set -eu
cd "$(dirname -- "$0")"
umask 077
for name in elastic kibana_system logstash; do
  [ -s "${name}_password" ] || LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 32 >"${name}_password"
done
# Containers read them as their own users, which are none of this machine's; Elasticsearch takes no file that others could write.
chmod 0444 ./*_password
echo "secrets: $(ls ./*_password | wc -l) passwords in $(pwd)"
