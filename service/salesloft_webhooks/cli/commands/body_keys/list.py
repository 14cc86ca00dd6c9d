"""`body-keys list`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from salesloft_webhooks.cli.console import complain, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.settings import Settings

PLAIN = "(plain)"


def list_keys(*, as_json: AsJson = False) -> None:
    """Count the stored bodies by the key that encrypts them. A key with none may leave the file.

    Reads every stream, in slices. Keys are named by four bytes of a hash.
    """
    from salesloft_webhooks.broker.administration.bodies_by_key import bodies_by_key

    async def act(store: "Store", _: "Settings") -> tuple[tuple[str, ...], Mapping[str, int]]:
        return store.body_keys.ids if store.body_keys else (), await bodies_by_key(store)

    known, counted = with_store(act)
    lost = sorted(set(counted) - set(known) - {""})
    if as_json:
        bodies = {key: counted.get(key, 0) for key in (*known, *lost)}
        show_json({"keys": known, "bodies": bodies, "plain": counted.get("", 0), "missing": lost})
    else:
        uses = {key: "decrypts" if number else "encrypts" for number, key in enumerate(known)}
        rows = [(key, uses.get(key, "not in the file"), counted.get(key, 0)) for key in (*known, *lost)]
        show_table(("KEY", "USE", "BODIES"), [*rows, (PLAIN, "", counted.get("", 0))], numbers=("BODIES",))
    if lost:
        complain(f"nobody can read the bodies of {', '.join(lost)} until that is in BODY_KEY_FILE again")
        raise typer.Exit(ExitCode.FAILED)
