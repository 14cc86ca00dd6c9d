"""`events`: looking at events, one (`show`, `attempts`), some (`search`) or all as they come in (`tail`)."""

import typer

from salesloft_webhooks.cli.commands.events import past_attempts, search, show, tail

app = typer.Typer(
    no_args_is_help=True, help="Look at events: what became of one, those of a person, or all as they come in."
)

app.command("search")(search.search_events)
app.command("attempts")(past_attempts.show_attempts)
app.command("show")(show.show_event)
app.command("tail")(tail.tail_events)
