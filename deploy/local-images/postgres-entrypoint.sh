#!/bin/sh
# What docker-compose.yml asks of the official image's start: a cluster and its databases at the first one, then the server.
# Reads POSTGRES_USER, POSTGRES_PASSWORD_FILE, POSTGRES_INITDB_ARGS, PGDATA and /docker-entrypoint-initdb.d/*.sql.
set -eu
[ "${1:-}" = postgres ] || exec "$@"
if [ ! -e "$PGDATA/made" ]; then
  find "$PGDATA" -mindepth 1 -delete # of a first start that was cut short
  # shellcheck disable=SC2086 # several words on purpose
  initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" -A scram-sha-256 --auth-local=trust ${POSTGRES_INITDB_ARGS:-}
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=" start
  createdb -U "$POSTGRES_USER" "$POSTGRES_USER"
  for file in /docker-entrypoint-initdb.d/*.sql; do
    psql -U "$POSTGRES_USER" -v ON_ERROR_STOP=1 -q -f "$file"
  done
  pg_ctl -D "$PGDATA" -w stop
  touch "$PGDATA/made"
fi
shift
exec postgres -D "$PGDATA" -c listen_addresses='*' "$@"
