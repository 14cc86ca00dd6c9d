"""Whose fault an error of the database is, which decides what becomes of the event.

==========================================  ==============================  =========================================
SQLSTATE                                    means                           signal
==========================================  ==============================  =========================================
21, 22, 23, 44, 54                          the row cannot be stored        `PermanentError`
40, 55                                      in another transaction's way    `Conflict`: at once again, then a pause
08, 25, 26, 28, 3D, 42, 53, 57, 58, XX ...  the server, the connection,     `Unavailable`, and the connections are
everything else                             the schema or our statement     dropped: perhaps another server answers next
no connection, whatever the reason          the same                        `Unavailable`
==========================================  ==============================  =========================================

SQLite has no states; there the names of its result codes say it. Texts of a database are never passed on: they quote
the row, and those of a failed connection the address.
"""

import ssl
from socket import gaierror
from typing import Any

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from salesloft_webhooks.errors import HandlerSignal, PermanentError, Unavailable

PAUSE_SECONDS = 5.0
CONFLICT_PAUSE_SECONDS = 1.0

_DATA = ("21", "22", "23", "44", "54", "SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE")
_CONFLICT = ("40", "55")
_SCHEMA = ("42P01", "42703")
_MISSING = "tables or columns are missing, run `salesloft-webhooks migrate`"
_IN_THE_WAY = "a table that the migration makes is there already, and not ours: use a database or schema of its own"
_REASONS = {
    "25006": "the server is read-only: a standby, or one that was failed over from",
    "26000": "a prepared statement is gone: behind a pooler statement_cache_size must stay 0",
    "42P05": "a prepared statement is there already: behind a pooler statement_cache_size must stay 0",
    "28": "the login is refused",
    "3D": "there is no such database",
    "42501": "the user has no privilege for it",
    "42P07": _IN_THE_WAY,
    **dict.fromkeys(_SCHEMA, _MISSING),
    "53100": "its disk is full",
    "53300": "it has no connection left",
    "57014": "a statement took longer than the server allows",
    "57P": "it is shutting down or starting",
    "SQLITE_FULL": "its disk is full",
    "SQLITE_CANTOPEN": "the file cannot be opened: its folder is missing or may not be written to",
    "SQLITE_READONLY": "the file may not be written to",
    "SQLITE_NOTADB": "the file is no database",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_BUSY": "other processes keep it locked",
}
"""By beginnings of states; the first that fits."""


class Conflict(Unavailable):
    """The transaction was given up for the sake of another: the same again may well succeed."""


class NotMigrated(Unavailable):
    """The database is there, its tables are not, or are those of an earlier version."""


def signal_of(error: Exception) -> HandlerSignal | None:
    """What an error in a transaction means; None: it is not the database's.

    What is raised in a transaction is about a statement: whatever keeps us from connecting is `unreachable`.
    """
    if isinstance(error, HandlerSignal):
        return error
    driver, state = _driver_error(error), _state(error)
    name = f"database: {reason_of(error)}"
    if state.startswith(_DATA) or _is_refused_by_driver(error, driver):
        return PermanentError(name)
    if state.startswith(_CONFLICT):
        return Conflict(name, after=CONFLICT_PAUSE_SECONDS)
    if state in _SCHEMA:
        return NotMigrated(name, after=PAUSE_SECONDS)
    if isinstance(error, OSError | PoolTimeout | DBAPIError) or type(error).__module__.startswith("asyncpg"):
        return Unavailable(name, after=PAUSE_SECONDS)
    return None


def unreachable(error: Exception) -> Unavailable:
    """There is no connection; it has nothing to do with any event, whatever the error is."""
    return Unavailable(f"database: {reason_of(error)}", after=PAUSE_SECONDS)


def reason_of(error: Exception) -> str:
    """An error in words, with the driver's name of it and its state."""
    driver, state = _driver_error(error), _state(error)
    name = type(error if driver is None else driver).__name__
    words = next((words for begin, words in _REASONS.items() if state.startswith(begin)), None) or _in_words(
        driver or error
    )
    # SQLite says only in its text that a table is missing; it is looked at from the beginning, further on it may quote.
    if state == "SQLITE_ERROR" and str(driver).startswith(("no such table", "no such column", "table ")):
        words = _IN_THE_WAY if str(driver).endswith(" already exists") else _MISSING
    return " ".join(part for part in (name, state) if part) + (f": {words}" if words else "")


def drops_connection(error: BaseException) -> bool:
    """Whether the driver's error says that the pool's connections lead to where nothing can be written."""
    state = _text(error, "sqlstate") or _text(error, "sqlite_errorname")
    return bool(state) and not state.startswith(_DATA + _CONFLICT)


def _in_words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not accepted: its authority (sslrootcert), its name or its time"
    if isinstance(error, gaierror):
        return "its name cannot be resolved"
    if isinstance(error, TimeoutError | PoolTimeout):
        return "no answer in time"
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):
        return "it speaks no TLS, and sslmode asks for it"
    if type(error).__name__ == "TargetServerAttributeNotMatched":
        return "no host is of the kind that target_session_attrs asks for"
    return ""


def _is_refused_by_driver(error: Exception, driver: BaseException | None) -> bool:
    """The driver could not make a statement's argument of the value: too large a number, text that is no Unicode."""
    if isinstance(error, DBAPIError):
        return isinstance(driver, ValueError)
    return isinstance(error, StatementError | OverflowError | UnicodeError)


def _driver_error(error: Exception) -> BaseException | None:
    if not isinstance(error, StatementError):
        return None
    found: BaseException | None = getattr(error, "driver_exception", None) or error.orig
    return found


def _state(error: Exception) -> str:
    """PostgreSQL's SQLSTATE or the name of SQLite's result code; empty where there is none."""
    for each in (_driver_error(error), getattr(error, "orig", None), error):
        if state := _text(each, "sqlstate") or _text(each, "sqlite_errorname"):
            return state
    return ""


def _text(error: object, name: str) -> str:
    value: Any = getattr(error, name, None)
    return value if isinstance(value, str) else ""
