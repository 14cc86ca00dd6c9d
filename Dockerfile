# One image, several roles: the argument says which. Both stages use the same base, so that the virtual environment's
# interpreter is where it was when it was made. Needs BuildKit. Where packages do not come from the default index, pass
# pip's configuration as a secret (--secret id=pip,src=pip.conf): nothing of it stays in a layer.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ONLY_BINARY=:all: PIP_REQUIRE_VIRTUALENV=1
WORKDIR /src
RUN apt-get update -qq && apt-get install -qq --no-install-recommends binutils > /dev/null
COPY requirements.lock requirements-warehouse.lock requirements-build.lock ./
# requirements-warehouse.lock has Arrow besides, for the group `warehouse`: more than all the rest.
ARG LOCK=requirements.lock
# --without-pip: what runs in production can install nothing. strip: some wheels carry 38 MB of debug symbols, and some
# their own tests, C sources, type stubs and uncompiled translations, which nobody reads here.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m venv /opt/build && python3 -m venv --without-pip /opt/salesloft-webhooks && \
    /opt/build/bin/pip install --quiet --require-hashes -r requirements-build.lock && \
    /opt/build/bin/pip --python /opt/salesloft-webhooks/bin/python install --quiet --no-compile \
      --require-hashes -r "${LOCK}" && \
    find /opt/salesloft-webhooks -name '*.so*' -exec strip --strip-unneeded {} + && \
    find /opt/salesloft-webhooks -regextype posix-extended -regex '.*\.(pyi|pyx|pxd|pxi|cpp|hpp|c|h|po)' -delete && \
    find /opt/salesloft-webhooks/lib -depth -type d -name tests -exec rm -r {} +
COPY pyproject.toml README.md ./
COPY service service
# Compiled once, here: the root file system is read-only, and a pod that starts has to answer within a second. The
# sources never change, so nothing is gained by comparing them with the compiled files at each start.
RUN /opt/build/bin/hatchling build --target wheel --directory /tmp/wheel && \
    /opt/build/bin/pip --python /opt/salesloft-webhooks/bin/python install --quiet --no-compile --no-deps --no-index \
      /tmp/wheel/*.whl && \
    python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/salesloft-webhooks && \
    mkdir /tmp/empty

FROM ${BASE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="salesloft-webhooks" \
      org.opencontainers.image.description="Never lose a SalesLoft webhook: verified, stored in a Redis Stream, handled once in effect." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/salesloft-webhooks/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/salesloft-webhooks /opt/salesloft-webhooks
# Where an SQLite file may live; with a read-only root file system, mount a volume here.
COPY --from=build --chown=65532:65532 /tmp/empty /var/lib/salesloft-webhooks
WORKDIR /var/lib/salesloft-webhooks
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
EXPOSE 8000 9090
ENTRYPOINT ["salesloft-webhooks"]
CMD ["--help"]
