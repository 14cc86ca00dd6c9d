"""`subscriptions rotate`.

====================================  =====================  ======================================================
state, by the keys and SalesLoft      what is done           died or interrupted there, and run again
====================================  =====================  ======================================================
one key, which signs everything       a new one is put       one key still: as before. Two: as below
                                      before it
some are not signed with the first    rounds                 goes on: what is there says how far it was
several keys, all is signed with the  waits, then takes the  waits anew
first                                 others away
an older one signs what goes to       nothing more: it       as before
another address                       stays, and says so
====================================  =====================  ======================================================
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.subscriptions.changing import change
from salesloft_webhooks.cli.commands.subscriptions.consent import losses
from salesloft_webhooks.cli.commands.subscriptions.drift import is_as_declared, require_list
from salesloft_webhooks.cli.commands.subscriptions.rounds import Tally, Wait, Work
from salesloft_webhooks.cli.commands.subscriptions.rows import step_row
from salesloft_webhooks.cli.commands.subscriptions.session import DECLARED, File
from salesloft_webhooks.cli.console import confirm, note
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.options import AsJson, Yes
from salesloft_webhooks.cli.times import parse_span, seconds_text
from salesloft_webhooks.errors import ConfigurationError

if TYPE_CHECKING:
    from salesloft_webhooks.cli.commands.subscriptions.key_file import RotatingKeyFile
    from salesloft_webhooks.cli.commands.subscriptions.session import Look, Session

SEEN_SECONDS = 2.0
"""Until a changed file is seen: it is looked at once a second."""


def rotate(
    *,
    file: File = DECLARED,
    yes: Yes = False,
    wait: Wait = "30m",
    keep_old: Annotated[
        str, typer.Option("--keep-old", metavar="SPAN", help="How long older keys are accepted when they sign nothing.")
    ] = "10m",
    as_json: AsJson = False,
) -> None:
    """Have everything signed with a new key, and refuse no delivery meanwhile. Takes a quarter of an hour.

    Where the keys are in a file that receivers read, the new key is made here. Where they are not, put it before the
    old one first. May be ended and run again at any time.
    """
    rotation = Rotation(agreed=yes, keep_seconds=parse_span(keep_old).total_seconds())

    async def act(session: "Session", tally: Tally) -> None:
        await rotation.begin(session)
        await Work(is_as_declared, rotation.agree, parse_span(wait).total_seconds()).repeat(session, tally)
        if tally.complete and (problem := await rotation.retire(session, tally)):
            tally.give_up(problem)

    change(file, act, as_json=as_json)


@dataclass(slots=True)
class Rotation:
    """One rotation.

    Attributes:
        agreed: Whether somebody has agreed to it.
        keep_seconds: How long older keys stay when nothing is signed with them.
    """

    agreed: bool
    keep_seconds: float

    async def begin(self, session: "Session") -> None:
        """Make a new key, unless there is one that does not sign everything yet."""
        look = await session.look()
        if look.round.error is not None:
            return  # the rounds say what becomes of it
        require_list(look)
        keys = session.key_file
        if len(look.keys) > 1 or not is_as_declared(look):
            note(f"going on with key {look.keys[0].fingerprint}, which is there already")
            return
        if keys is None:
            raise ConfigurationError(
                "there is one key, and it is in no file: put a new one before it where it is, separated by a comma"
            )
        if not await session.who_accepts():
            fail("as no receiver says which keys it accepts, nobody would know when a new one can be used")
        before = keys.keys
        self._ask(f"Make a new key for source {session.source.name}, and sign everything with it?")
        if keys.add(before):
            note("a new key is in the file, before the old one")
        await asyncio.sleep(SEEN_SECONDS)

    def agree(self, look: "Look") -> None:
        """Ask once; ends the command if there is more to do than to rotate."""
        if losses([step_row(step, look.keys) for step in look.round.plan.steps]):
            fail("the file does not want, or replaces, some that are there: run `subscriptions apply` first")
        self._ask(f"Sign everything with key {look.keys[0].fingerprint}, and delete what older keys sign?")

    def _ask(self, question: str) -> None:
        confirm(question, yes=self.agreed)
        self.agreed = True

    async def retire(self, session: "Session", tally: Tally) -> str:
        """Take older keys out of the file, when nothing signed with them is believed to come any more; or why not."""
        file = session.key_file
        if file is None or len(before := file.keys) < 2:
            return ""
        note(f"older keys are accepted for another {seconds_text(self.keep_seconds)}, then they are taken away")
        await asyncio.sleep(self.keep_seconds)
        look = await session.look()
        if elsewhere := look.round.signed_with(look.keys[1 : len(before)]):
            ids = ", ".join(map(str, elsewhere))
            return (
                f"older keys sign what goes to other addresses, so they stay: {ids} at SalesLoft. Rotate that, too, or "
                "delete it, and run this again; or take the older keys away by hand"
            )
        if look.round.error is not None or not is_as_declared(look) or not _taken_away(file, before):
            return "something has changed meanwhile, so the older keys stay; run it again"
        note("the older keys are taken away")
        await asyncio.sleep(SEEN_SECONDS)
        tally.look = await session.look()
        return ""


def _taken_away(file: "RotatingKeyFile", before: Sequence[bytes]) -> bool:
    """Take all keys but the first away, unless somebody who rotates as well has done so."""
    return file.keep_first(before) or file.keys == tuple(before[:1])
