"""Redis servers and Sentinels that speak nothing but TLS, with the certificates that `certificates` makes."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


def _options(directory: Path, port: int, more: dict[str, str]) -> dict[str, str]:
    files = {"tls-cert-file": "server.pem", "tls-key-file": "server.key", "tls-ca-cert-file": "ca.pem"}
    return {"port": "0", "tls-port": str(port), "bind": "127.0.0.1", "dir": str(directory), **files, **more}


def start_tls_server(directory: Path, port: int, more: dict[str, str]) -> subprocess.Popen[str]:
    """A server with the certificate ``server`` of the directory, and further options; it is ready."""
    options = _options(directory, port, more)
    return _launch(directory, "Ready to accept", *[w for name, value in options.items() for w in (f"--{name}", value)])


def start_tls_sentinel(
    directory: Path, port: int, monitor: str, *, more: dict[str, str] | None = None, lines: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """A Sentinel that monitors ``<name> <host> <port> <quorum>``, with further options and lines; it does."""
    options = _options(directory, port, {"tls-auth-clients": "no", "tls-replication": "yes", **(more or {})})
    written = [*(f"{name} {value}" for name, value in options.items()), f"sentinel monitor {monitor}", *lines]
    file = directory / f"sentinel-{port}.conf"
    file.write_text("\n".join(written))
    return _launch(directory, "+monitor master", file.name, "--sentinel")


def stop_tls_server(server: subprocess.Popen[str]) -> None:
    """End a server or a Sentinel."""
    server.terminate()
    server.wait(timeout=10)
    assert server.stdout is not None
    server.stdout.close()


def _launch(directory: Path, ready: str, *words: str) -> subprocess.Popen[str]:
    server = subprocess.Popen(["redis-server", *words], cwd=directory, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert any(ready in line for line in server.stdout), "the server did not start"
    return server
