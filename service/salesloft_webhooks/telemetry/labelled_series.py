"""What a family of metrics of our own is to the client's registry: its time series, by label values."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

Series = TypeVar("Series")


class LabelledSeries(Collector, Generic[Series]):
    """A family; on the page as the client's own.

    Args:
        name: Of the family, with its namespace.
        documentation: A sentence for the page.
        label_names: Of the labels.
        registry: Who collects it.

    Attributes:
        label_names: Of the labels.
    """

    def __init__(
        self, name: str, documentation: str, label_names: Sequence[str], *, registry: CollectorRegistry
    ) -> None:
        self.label_names = tuple(label_names)
        self._described = name, documentation
        self._series: dict[tuple[str, ...], Series] = {}
        registry.register(self)

    def labels(self, *values: str) -> Series:
        """The time series with these label values; made, with nothing in it, when it is new."""
        if len(values) != len(self.label_names):
            raise ValueError(f"{self._described[0]} has the labels {self.label_names}")
        names = tuple(map(str, values))
        if names not in self._series:
            self._series[names] = self._made()
        return self._series[names]

    @abstractmethod
    def _made(self) -> Series:
        """A new time series."""
