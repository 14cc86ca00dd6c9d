"""How a role loads its code, so that it is ready at once: a pod that starts during a burst has no second to lose.

Two things cost more than the code a role runs. Garbage collection looks through everything loaded so far, again and
again, and finds next to nothing. And some libraries load whatever they could make use of: structlog loads Rich and
greenlet, for tracebacks and threads that we do not have; redis-py loads OpenTelemetry's SDK, for metrics that nobody
switches on. All of them are installed here for other purposes, and both libraries do without where they are not.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PLUGINS = "PYDANTIC_DISABLE_PLUGINS"


@contextmanager
def fast_imports() -> Iterator[None]:
    """Load a role: collection_paused, and without what its libraries merely could use.

    OpenTelemetry counts as needed as soon as a variable of its own (``OTEL_*``) is set. A module that is loaded
    already stays what it is, and after the block everything can be imported again: handlers may.
    """
    unneeded = ["rich", "greenlet"]
    if not any(name.startswith("OTEL_") for name in os.environ):
        unneeded.append("opentelemetry")
    with collection_paused(), modules_hidden(*unneeded), _plugins_of_pydantic_off():
        yield


@contextmanager
def collection_paused() -> Iterator[None]:
    """Load code without collecting garbage, and keep what is there at the end out of every later collection.

    Else each full one would walk through all of it, which stops the event loop for 70 ms.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # before collections are allowed again: the first would come at once
        if enabled:
            gc.enable()


@contextmanager
def modules_hidden(*names: str) -> Iterator[None]:
    """As if the modules were not installed; None in ``sys.modules`` is the import system's own way of saying so."""
    withheld = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(withheld))  # type: ignore[arg-type]  # typeshed knows modules only
    try:
        yield
    finally:
        for name in withheld:
            del sys.modules[name]


@contextmanager
def _plugins_of_pydantic_off() -> Iterator[None]:
    """Else it reads the metadata of every installed distribution to find none. Handlers get theirs, after it."""
    if PLUGINS in os.environ:
        yield
        return
    os.environ[PLUGINS] = "__all__"
    try:
        yield
    finally:
        del os.environ[PLUGINS]
