"""``make observe``: Prometheus and Alertmanager with our rules on the pipeline of ``make run``, until Ctrl-C."""

import sys
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

from salesloft_webhooks.cli.commands.up.data_folder import DataFolder
from tests.support.prometheus_processes import ALERTMANAGER, MISSING, PROMETHEUS, Alertmanager, Prometheus


def main() -> int:
    """Run until interrupted; the exit code is 1 when there is no Prometheus, or nothing to observe."""
    if PROMETHEUS is None:
        sys.stderr.write(MISSING + "\n")
        return 1
    urls = DataFolder.chosen().environment().get("OPERATIONS_URLS")
    if urls is None:
        sys.stderr.write("Nothing is running here: start `make run` in another terminal first.\n")
        return 1
    ports = [port for url in urls.split(",") if (port := urlsplit(url).port)]
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        alertmanager = stack.enter_context(Alertmanager(Path(directory) / "alertmanager")) if ALERTMANAGER else None
        prometheus = stack.enter_context(
            Prometheus(
                Path(directory) / "prometheus",
                targets={"salesloft-webhooks": ports},
                alertmanager=alertmanager,
                interval="5s",
            )
        )
        sys.stdout.write(f"Prometheus: {prometheus.url}  alerts: {prometheus.url}/alerts\n")
        if alertmanager is not None:
            sys.stdout.write(f"Alertmanager: {alertmanager.url}\n")
        sys.stdout.write("Dashboards to import into Grafana: charts/salesloft-webhooks/dashboards. Ctrl-C ends it.\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
