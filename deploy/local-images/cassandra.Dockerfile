# Cassandra from Maven Central, with Debian's Java, laid out as the official image is: one node, ready for its first start.
#   docker build -f deploy/local-images/cassandra.Dockerfile .
ARG BASE_IMAGE=debian:12-slim
FROM ${BASE_IMAGE} AS server
COPY deploy/local-images/cassandra /server
RUN python3 /server/fetch.py /server/jars && chmod 0755 /server/serve.sh && rm /server/fetch.py /server/jars.sha256

FROM ${BASE_IMAGE}
# The same line as elasticsearch's, and so the same layer.
RUN apt-get -qq -o APT::Sandbox::User=root update \
 && DEBIAN_FRONTEND=noninteractive apt-get -qq -o APT::Sandbox::User=root install -y --no-install-recommends openjdk-17-jre-headless curl >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /usr/share/doc /usr/share/man
RUN groupadd --gid 999 cassandra && useradd --uid 999 --gid 999 --home-dir /var/lib/cassandra --no-create-home cassandra \
 && install -d -o 999 -g 999 /var/lib/cassandra
COPY --from=server /server /opt/cassandra
ENV JARS=/opt/cassandra/jars FOLDER=/var/lib/cassandra
LABEL org.opencontainers.image.title="cassandra" \
      org.opencontainers.image.description="A stand-in for the official image, from Maven Central"
USER 999:999
ENTRYPOINT ["/opt/cassandra/serve.sh"]
