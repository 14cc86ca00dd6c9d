# Images of .ci/cluster/operators, as their projects' own Dockerfiles make them.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS prometheus
RUN apt-get update -qq && apt-get install -qq --no-install-recommends prometheus > /dev/null
USER 65534:65534
ENTRYPOINT ["prometheus"]

FROM scratch AS keda
COPY keda /
USER 65532:65532
ENTRYPOINT ["/keda", "--zap-log-level=info", "--zap-encoder=console"]

FROM scratch AS keda-adapter
COPY keda-adapter /
USER 65532:65532
ENTRYPOINT ["/keda-adapter", "--secure-port=6443", "--zap-log-level=info", "--zap-encoder=console"]

FROM scratch AS keda-admission-webhooks
COPY keda-admission-webhooks /
USER 65532:65532
ENTRYPOINT ["/keda-admission-webhooks", "--zap-log-level=info", "--zap-encoder=console"]
