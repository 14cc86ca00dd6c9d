"""Reading what processes of ours expose at ``/metrics``."""

from collections.abc import Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

NAMESPACE = "salesloft_webhooks_"


def samples(page: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Our own samples on a page: name without the prefix, labels, value.

    Only our lines are parsed: the others are half of the page, and whoever looks does so every second.

    Raises:
        ValueError: it is not in Prometheus' text format.
    """
    ours = "".join(line for line in page.splitlines(keepends=True) if line.startswith(NAMESPACE))
    for family in text_string_to_metric_families(ours):
        for sample in family.samples:
            yield sample.name.removeprefix(NAMESPACE), sample.labels, sample.value
