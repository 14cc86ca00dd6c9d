"""Redis or Valkey: is it there, does it keep what was promised, may we write, is there room, what is its time."""

import re
import time
from collections.abc import AsyncIterator
from importlib.metadata import version

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.forecast import forecast
from salesloft_webhooks.broker.administration.server_clock import server_ms
from salesloft_webhooks.broker.administration.server_version import server_version
from salesloft_webhooks.broker.administration.stats import Stats, measure, memory_limit_bytes
from salesloft_webhooks.broker.announced_keys import AnnouncedKeys
from salesloft_webhooks.broker.durability import Durability, examine
from salesloft_webhooks.broker.write_probe import probe
from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, fine, problem, skipped, warning
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.settings import Settings

OLDEST = {"redis": (7, 0), "valkey": (7, 2)}
NEARLY_FULL = 0.9
MIB = 2**20
CLOCK_SECONDS = 5.0
"""More is no network's delay."""
RIGHTS = "give the user the rights that docs/operations.md lists (it has an ACL line to paste)"


async def check_store(store: Store, settings: Settings) -> AsyncIterator[Finding]:
    """All of it; nothing more once it cannot be reached."""
    try:
        found = await server_version(store)
    except StoreError as exc:
        do = RIGHTS if "NOPERM" in str(exc) else "start the server, or correct REDIS_URL and what it takes to log in"
        yield problem("store.reachable", exc, do)
        return
    yield _of_version(found)
    durability = await examine(store, settings)
    for finding in _of_durability(durability, settings):
        yield finding
    yield await _may_write(store, durability)
    stats = await measure(store)
    for finding in _of_memory(stats, settings):
        yield finding
    yield _of_clock(await server_ms(store))
    yield await _of_versions(store)


def _of_version(found: str) -> Finding:
    name, _, number = found.partition(" ")
    parts = tuple(int(part) for part in re.findall(r"\d+", number)[:2])
    oldest = OLDEST.get(name)
    if oldest and parts and parts < oldest:
        wanted = f"{name} {'.'.join(map(str, oldest))}"
        return problem("store.version", f"{found} lacks commands that we send", f"update it to {wanted} or later")
    return fine("store.version", found)


def _of_durability(durability: Durability, settings: Settings) -> list[Finding]:
    do = "configure the server (docs/operations.md says how), or promise less with DURABILITY"
    found = [warning("store.durability", each, do) for each in durability.weaknesses]
    if durability.problem:
        found.insert(0, problem("store.durability", durability.problem, do))
    return found or [fine("store.durability", f"keeps what DURABILITY={settings.durability} promises")]


async def _may_write(store: Store, durability: Durability) -> Finding:
    try:
        await probe(store, 0, durability, thorough=durability.problem is None)
    except StoreError as exc:
        refused = "NOPERM" in str(exc) or "permission" in str(exc).lower()
        return problem("store.writes", exc, RIGHTS if refused else "a delivery would be answered 503: see the message")
    return fine("store.writes", "a delivery would be stored")


def _of_memory(stats: Stats, settings: Settings) -> list[Finding]:
    used = max((row.memory_used_bytes for row in stats.partitions), default=0)
    limits = {row.memory_limit_bytes for row in stats.partitions}
    if not limits or 0 in limits:
        do = "set maxmemory there, or STORE_MAX_BYTES here (`salesloft-webhooks size` says how much), so that history "
        do += "goes before the machine is full"
        return [warning("store.memory", f"{used / MIB:,.0f} MiB used, and there is no limit (maxmemory 0)", do)]
    says = f"{used / MIB:,.0f} of {min(limits) / MIB:,.0f} MiB used"
    more = "raise maxmemory or STORE_MAX_BYTES, or shorten RETENTION_SECONDS or IDEMPOTENCY_TTL_SECONDS"
    if used > NEARLY_FULL * min(limits):
        return [problem("store.memory", f"{says}: soon it refuses what comes", more)]
    foreseen = forecast(stats.partitions, len(stats.groups), settings)
    room = settings.history_memory_share * memory_limit_bytes(stats.partitions)
    if foreseen.needed_bytes > room:
        needed = f"{says}; at {foreseen.rate:.1f} events/s {foreseen.needed_bytes / MIB:,.0f} MiB will be needed"
        return [warning("store.memory", needed, more)]
    return [fine("store.memory", says)]


def _of_clock(ms: int) -> Finding:
    apart = time.time() - ms / 1000
    if abs(apart) > CLOCK_SECONDS:
        do = "synchronise both machines' clocks (NTP): ages, retention and signatures' times are compared with them"
        return warning("clock.store", f"this machine's clock is {apart:+.0f} s from the store's", do)
    return fine("clock.store", f"{apart:+.1f} s from the store's")


async def _of_versions(store: Store) -> Finding:
    said = await AnnouncedKeys(store).all()
    if not said:
        return skipped("versions", "no receiver has announced itself in the last half minute")
    ours, theirs = version("salesloft-webhooks"), sorted({each.version for each in said.values()})
    if theirs != [ours]:
        says = f"{len(said)} receiver(s) of version {', '.join(theirs)}, and this is {ours}"
        return warning("versions", says, "finish the roll-out, or look why it stands still (UPGRADING.md)")
    return fine("versions", f"{len(said)} receiver(s) of this version ({ours})")
