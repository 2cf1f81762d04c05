#!/bin/sh
# Starts the core server as docker-compose.yml asks the official image to: one node, reached by its network.
set -eu
# An unknown setting stops its start, and it knows none of security but that there is none.
cat >config/elasticsearch.yml <<SETTINGS
cluster.name: seatrial
network.host: 0.0.0.0
discovery.type: single-node
xpack.security.enabled: false
SETTINGS
cat >config/jvm.options <<OPTIONS
-XX:+UseSerialGC
-XX:-AlwaysPreTouch
-XX:+ExitOnOutOfMemoryError
-Djava.io.tmpdir=/tmp
OPTIONS
cat >config/log4j2.properties <<LOGGING
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %marker%m%n
LOGGING
exec bin/elasticsearch
