"""Real OpenTelemetry collectors, small: they listen on loopback, decode OTLP protobufs and keep the spans."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SERVER, PRODUCER, CONSUMER = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER


@dataclass
class ReceivedSpan:
    """A span as it came over the wire, with its resource's and its own attributes as plain values."""

    span: Span
    resource: dict[str, Any]
    attributes: dict[str, Any]
    schema_url: str

    @property
    def service(self) -> str:
        """The process that made it."""
        return str(self.resource["service.name"])


@dataclass
class Received:
    """What a collector has been sent."""

    endpoint: str
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def spans(self) -> list[ReceivedSpan]:
        """Every span so far, in order of their start."""
        found = [
            ReceivedSpan(span, _plain(batch.resource.attributes), _plain(span.attributes), scope.schema_url)
            for request in list(self.requests)
            for batch in request.resource_spans
            for scope in batch.scope_spans
            for span in scope.spans
        ]
        return sorted(found, key=lambda each: each.span.start_time_unix_nano)


def _plain(attributes: Any) -> dict[str, Any]:
    pairs: list[KeyValue] = list(attributes)
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


@contextmanager
def http_collector() -> Iterator[Received]:
    """A collector for OTLP/HTTP with protobuf bodies."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.headers.append(dict(self.headers))
            if self.path == "/v1/traces":
                received.requests.append(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received = Received(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def grpc_collector() -> Iterator[Received]:
    """A collector for OTLP/gRPC."""

    class Servicer(TraceServiceServicer):
        def Export(  # noqa: N802 - gRPC's name
            self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
        ) -> ExportTraceServiceResponse:
            received.headers.append({key: str(value) for key, value in context.invocation_metadata()})
            received.requests.append(request)
            return ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    add_TraceServiceServicer_to_server(Servicer(), server)  # type: ignore[no-untyped-call] # generated code
    received = Received(f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    try:
        yield received
    finally:
        server.stop(grace=None).wait()
