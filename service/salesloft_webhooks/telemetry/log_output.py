"""Where log lines leave the process, and what happens to one that cannot."""

import logging
import sys
from typing import TextIO

import structlog

from salesloft_webhooks.errors import error_type


class LogOutput(logging.StreamHandler[TextIO]):
    """Writes log lines to standard error, and never says more of a failure than where and of what type it was.

    ``logging`` itself would print the record's arguments and every exception under way, with their messages, which may
    quote an event, an address or a secret.
    """

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Say which line was lost, if anything can be written at all: a log that cannot be written ends no process."""
        error = sys.exc_info()[1]
        unwritable = self.stream.closed or isinstance(error, OSError)
        if error is None or unwritable or record.name == __name__:
            return
        log = structlog.get_logger(__name__)
        log.error("log.line_lost", at=f"{record.pathname}:{record.lineno}", error=error_type(error))
