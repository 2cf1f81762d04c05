#!/bin/sh
# Prepares Elasticsearch and Kibana for the fleet's logs, and ends: passwords, Logstash's rights, templates, what Kibana shows.
# Each step makes things as they should be, whatever they were, so it may run at every start. It ends with 1 at the first answer
# that is none of success, and says which, with its status and body.
#
#   ELASTIC_PASSWORD KIBANA_SYSTEM_PASSWORD LOGSTASH_PASSWORD    needed: ASCII letters, digits and punctuation
#   ELASTICSEARCH_URL KIBANA_URL                                 where both are, seen from here
#   SETUP_SECONDS SETUP_PAUSE                                    how long each is waited for, and between two tries
set -eu
LC_ALL=C # so that ranges of characters are those of ASCII
export LC_ALL

here=$(dirname -- "$0")
elasticsearch=${ELASTICSEARCH_URL:-http://elasticsearch:9200}
kibana=${KIBANA_URL:-http://kibana:5601}
seconds=${SETUP_SECONDS:-300}
pause=${SETUP_PAUSE:-2}

say() {
  echo "setup: $*"
}

fail() {
  echo "setup: $*" >&2
  exit 1
}

# JSON's way to write a text, and that of curl's configuration files.
quoted() {
  printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

password() {
  [ -n "$2" ] || fail "$1 is not set. Set it to a password."
  case $2 in
    *[!\ -~]*) fail "$1 has a character that is no letter, digit or punctuation of ASCII. Choose another password." ;;
  esac
}

# ask METHOD URL [options of curl]: sets `status`, 000 without an answer, and `answer`: its body, or what was in the way.
# Passwords are in files that only this user reads: the command line is anybody's.
ask() {
  method=$1
  url=$2
  shift 2
  : >"$work/body" >"$work/trouble"
  status=$(curl --silent --show-error --stderr "$work/trouble" --noproxy '*' --max-time 60 --config "$work/access" \
    --request "$method" --output "$work/body" --write-out '%{http_code}' "$@" "$url") || status=000
  answer=$(cat "$work/body" "$work/trouble")
}

await() {
  until=$(($(date +%s) + seconds))
  ask GET "$2"
  while [ "$status" != 200 ]; do
    [ "$(date +%s)" -lt "$until" ] || fail "$1 was not ready within $seconds s: GET $2 answered $status: $answer"
    sleep "$pause"
    ask GET "$2"
  done
  say "$1 is ready"
}

send() {
  ask "$@"
  case $status in
    2??) ;;
    *) fail "$1 $2 answered $status: $answer" ;;
  esac
}

# send_json METHOD URL FILE
send_json() {
  send "$1" "$2" --header 'Content-Type: application/json' --data-binary "@$3"
}

# put_templates KIND PATH: every rendered KIND.NAME.json, under NAME
put_templates() {
  for file in "$here/../elasticsearch/$1".*.json; do
    [ -f "$file" ] || fail "there is no $file. Run \`seatrial render\`."
    name=$(basename -- "$file" .json)
    send_json PUT "$elasticsearch/$2/${name#"$1".}" "$file"
  done
}

password ELASTIC_PASSWORD "${ELASTIC_PASSWORD:-}"
password KIBANA_SYSTEM_PASSWORD "${KIBANA_SYSTEM_PASSWORD:-}"
password LOGSTASH_PASSWORD "${LOGSTASH_PASSWORD:-}"

umask 077
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
printf 'user = %s\n' "$(quoted "elastic:$ELASTIC_PASSWORD")" >"$work/access"
printf '{"password": %s}' "$(quoted "$KIBANA_SYSTEM_PASSWORD")" >"$work/kibana_system"
printf '{"password": %s, "roles": ["seatrial_logstash"]}' "$(quoted "$LOGSTASH_PASSWORD")" >"$work/logstash"

await Elasticsearch "$elasticsearch/_cluster/health?wait_for_status=yellow&timeout=1s"
send_json POST "$elasticsearch/_security/user/kibana_system/_password" "$work/kibana_system"
send_json PUT "$elasticsearch/_security/role/seatrial_logstash" "$here/logstash_role.json"
send_json PUT "$elasticsearch/_security/user/seatrial_logstash" "$work/logstash"
say "passwords and rights are set"
put_templates component _component_template # first: indices are composed of them
put_templates index _index_template
say "templates are there"
await Kibana "$kibana/api/status"
send POST "$kibana/api/saved_objects/_import?overwrite=true" --header 'kbn-xsrf: true' \
  --form "file=@$here/../kibana/objects.ndjson"
# It answers 200 whatever became of the objects.
grep -q '"success" *: *true' "$work/body" || fail "Kibana did not import all: $answer"
say "Kibana has its searches and its dashboard"
