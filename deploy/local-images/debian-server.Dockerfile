# A server from Debian's packages, laid out as the official image of its role is, so that docker-compose.yml need not know which it runs.
#   docker build -f deploy/local-images/debian-server.Dockerfile --build-arg PACKAGE=prometheus --build-arg PROGRAM=prometheus --build-arg TOOL=promtool .
ARG BASE_IMAGE=debian:12-slim
FROM ${BASE_IMAGE} AS packages
ARG PACKAGE
# Unpacked, not installed: its scripts would make users and start services.
RUN cd /tmp && apt-get -qq update && apt-get -qq -o APT::Sandbox::User=root download "${PACKAGE}" && dpkg -x "${PACKAGE}"_*.deb /tree

FROM ${BASE_IMAGE}
ARG PACKAGE
ARG PROGRAM
ARG TOOL
COPY --from=packages /tree/usr /usr
COPY --from=packages /tree/etc /etc
RUN name=${PACKAGE#prometheus-} \
 && [ "${PACKAGE}" = "${PROGRAM}" ] || ln -s "/usr/bin/${PACKAGE}" "/usr/bin/${PROGRAM}" \
 && command -v "${TOOL}" \
 && mkdir -p "/etc/${name}" && install -d -o 65534 -g 65534 "/${name}" \
 && printf '#!/bin/sh\nexec /usr/bin/%s "$@"\n' "${PROGRAM}" > /serve && chmod 0555 /serve
LABEL org.opencontainers.image.title="${PROGRAM}" \
      org.opencontainers.image.description="A stand-in for the official image, from Debian's package ${PACKAGE}"
USER 65534:65534
ENTRYPOINT ["/serve"]
