#!/bin/sh
# Starts one node. Reads JARS, FOLDER (its data), ADDRESS (default: this container's own), NATIVE_PORT, STORAGE_PORT and JAVA_HOME; what it is
# configured with is written to FOLDER.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
address=${ADDRESS:-$(hostname -i | cut -d' ' -f1)}
sed -e "s|ADDRESS|$address|" -e "s|FOLDER|$FOLDER|" -e "s|NATIVE_PORT|${NATIVE_PORT:-9042}|" -e "s|STORAGE_PORT|${STORAGE_PORT:-7000}|" \
  "$here/cassandra.yaml" >"$FOLDER/cassandra.yaml"
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" "@$here/jvm.options" "-Djava.io.tmpdir=${TMPDIR:-/tmp}" "-Dcassandra.config=file://$FOLDER/cassandra.yaml" \
  "-Dcassandra.storagedir=$FOLDER" "-Dlogback.configurationFile=$here/logback.xml" -cp "$JARS/*" org.apache.cassandra.service.CassandraDaemon
