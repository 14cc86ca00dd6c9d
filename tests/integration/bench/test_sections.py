"""Every section of the benchmarks runs to its end, with slices that are as short as can be."""

import importlib
import re

import pytest
from bench.__main__ import SECTIONS
from bench.options import Options
from bench.sections import drain, growth

ONE_OF_EACH = {
    "receive": "ours, fsync with WAITAOF",
    "work": "ours, order per person",
    "end_to_end": "ours at 2000/s",
    "growth": "envelope, 450 B, zstd",
    "drain": "retries",
    "start_up": "ours, worker",
    "telemetry": "telemetry of it",
}
COMPRESSED = "zstd"
"""Contenders whose bodies take less than the body alone would: bytes beside it are below nothing."""


@pytest.mark.parametrize("section", SECTIONS)
def test_measures(section: str) -> None:
    """One contender of each, and its figures are above nothing."""
    options = Options(rounds=1, repeats=0, scale=0.02, only=ONE_OF_EACH[section])

    stage = importlib.import_module(f"bench.sections.{section}").run(options)

    assert not stage.failures
    assert stage.figures
    found = {(each.contender, each.metric): each.values for each in stage.figures}
    less = {key for key in found if key[0].endswith(COMPRESSED) and key[1] == "bytes beside the body"}
    assert {key: values for key, values in found.items() if key not in less and min(values) <= 0} == {}


def test_a_drain_names_its_server_and_its_allocator() -> None:
    """With millions of entries the allocator is a good part of what is measured, so it stands beside the figures."""
    stage = drain.run(Options(rounds=1, repeats=0, scale=0.02, only="nobody"))

    (remark,) = stage.remarks
    assert re.fullmatch(r"the server is (Redis|Valkey) \d+\.\d+\.\d+, which allocates with (jemalloc|libc)\S*", remark)


def test_every_drain_has_the_same_window() -> None:
    """The least deep store holds all that is worked off before the clock starts and while it runs."""
    assert min(drain.DEPTHS) >= drain.WARM + drain.SAMPLE


def test_bodies_of_every_kind_are_compressed_by_themselves() -> None:
    """Each kind's part of its plain size is there: one figure would say what its body is, not what compression does."""
    stage = growth.run(Options(rounds=1, repeats=0, scale=0.02, only="bodies"))

    parts = {each.contender: each.median for each in stage.figures if each.metric == "part, zstd"}
    assert set(parts) == {"bodies, envelope", "bodies, native email", "bodies, invented team"}
    assert all(0 < part < 1 for part in parts.values())
