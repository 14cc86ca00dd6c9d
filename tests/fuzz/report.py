"""A search of one target, from its corpus to what is said of it."""

import traceback
from hashlib import sha256
from pathlib import Path

from tests.fuzz.corpus import corpus_of, keep
from tests.fuzz.search import Search, smallest
from tests.fuzz.targets import target

FAULTS = Path(".fuzz")


def searched(name: str, seconds: float, seed: int, *, keeping: bool) -> tuple[str, bool]:
    """Search one target: what there is to say, and whether it is without a fault."""
    search = Search(target(name), seed)
    found = search.run(corpus_of(name), seconds)
    arcs = {arc[:2] for kept in found.kept.values() for arc in kept}
    said = f"{name}: {found.inputs:,} inputs, {len(arcs):,} arcs, {len(found.kept)} kept"
    if keeping and found.problem is None:
        said += f", {keep(name, smallest(found.kept))} in the corpus"
    if found.problem is None or found.fault is None:
        return said, True
    file = FAULTS / f"{name}-{sha256(found.fault).hexdigest()[:12]}"
    FAULTS.mkdir(exist_ok=True)
    file.write_bytes(found.fault)
    trace = "".join(traceback.format_exception(found.problem)[-6:])
    return f"{said}\n  fault, in {file}: {found.fault[:300]!r}\n{trace}", False
