# PostgreSQL from Debian's packages, laid out as the official image is, so that docker-compose.yml need not know which it runs.
#   docker build -f deploy/local-images/postgres.Dockerfile .
ARG BASE_IMAGE=debian:12-slim
FROM ${BASE_IMAGE}
# The package's user gets the official image's number. No cluster is made here, and nothing started.
RUN groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql --no-create-home --shell /bin/sh postgres \
 && printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 0755 /usr/sbin/policy-rc.d \
 && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
 && apt-get -qq -o APT::Sandbox::User=root update \
 && DEBIAN_FRONTEND=noninteractive apt-get -qq -o APT::Sandbox::User=root install -y --no-install-recommends postgresql-15 >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /usr/share/doc /usr/share/man \
 && install -d -o 999 -g 999 -m 1777 /var/lib/postgresql/data && install -d -o 999 -g 999 -m 3777 /run/postgresql && mkdir /docker-entrypoint-initdb.d
COPY deploy/local-images/postgres-entrypoint.sh /entrypoint.sh
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data
LABEL org.opencontainers.image.title="postgres" \
      org.opencontainers.image.description="A stand-in for the official image, from Debian's package postgresql-15"
USER 999:999
STOPSIGNAL SIGINT
ENTRYPOINT ["/entrypoint.sh"]
CMD ["postgres"]
