# Elasticsearch's core server from Maven Central, with Debian's Java, laid out as the official image is. It indexes, searches and
# aggregates; it has no security, whatever it is told, so it must stay on a closed network. What it is: seatrial/stacks/install_elasticsearch.py
#   docker build -f deploy/local-images/elasticsearch.Dockerfile .
ARG BASE_IMAGE=debian:12-slim
FROM ${BASE_IMAGE} AS server
ARG VERSION=8.19.21
ARG SHA256=215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a
ARG MAVEN=https://repo1.maven.org/maven2/org/elasticsearch/distribution/integ-test-zip/elasticsearch
RUN python3 -c "import urllib.request as web; web.urlretrieve('${MAVEN}/${VERSION}/elasticsearch-${VERSION}.zip', '/server.zip')" \
 && echo "${SHA256}  /server.zip" | sha256sum --check --quiet \
 && python3 -m zipfile -e /server.zip / && mv "/elasticsearch-${VERSION}" /server \
 && chmod 0755 /server/bin/* && find /server/modules -path '*/bin/*' -exec chmod 0755 {} +

FROM ${BASE_IMAGE}
RUN apt-get -qq -o APT::Sandbox::User=root update \
 && DEBIAN_FRONTEND=noninteractive apt-get -qq -o APT::Sandbox::User=root install -y --no-install-recommends openjdk-17-jre-headless curl >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /usr/share/doc /usr/share/man
COPY --from=server --chown=1000:0 /server /usr/share/elasticsearch
WORKDIR /usr/share/elasticsearch
COPY --chown=1000:0 seatrial/stacks/elasticsearch-log4j2.properties config/log4j2.properties
# An unknown setting stops its start, and it knows none of security but that there is none.
RUN printf '%s\n' 'cluster.name: seatrial' 'network.host: 0.0.0.0' 'discovery.type: single-node' 'xpack.security.enabled: false' >config/elasticsearch.yml \
 && printf '%s\n' -XX:+UseSerialGC -XX:-AlwaysPreTouch -XX:+ExitOnOutOfMemoryError -Djava.io.tmpdir=/tmp >config/jvm.options \
 && install -d -o 1000 -g 0 -m 0775 data config logs
ENV ES_JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64
LABEL org.opencontainers.image.title="elasticsearch" \
      org.opencontainers.image.description="A stand-in for the official image: the core server from Maven Central, without security"
USER 1000:0
ENTRYPOINT ["bin/elasticsearch"]
