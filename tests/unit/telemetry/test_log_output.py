"""A line that cannot be written says nothing of what it would have said."""

from tests.unit.telemetry.logged import logged


def test_a_line_that_cannot_be_made_quotes_nothing() -> None:
    """`logging` would print its arguments and every exception under way: of those only place and type are said."""
    (line,) = logged("""
        configure_logging(Settings.load(), "worker")
        try:
            raise ValueError("jane")
        except ValueError:
            logging.getLogger("acme").warning("synced %d", "token-of-jane")
    """)

    assert (line["event"], line["error"]) == ("log.line_lost", "TypeError")
    assert line["at"] == "<string>:10"
    assert "jane" not in str(line)


def test_a_log_that_nobody_takes_any_more_is_no_error() -> None:
    """With standard error closed nothing is printed, and nothing raised."""
    lines = logged("""
        import sys
        configure_logging(Settings.load(), "worker")
        kept, sys.stderr = sys.stderr, open("/dev/full", "w", buffering=1)
        configure_logging(Settings.load(), "worker")
        full, sys.stderr = sys.stderr, kept
        logging.getLogger("acme").warning("lost on a full disk")
        try:
            full.close()
        except OSError:
            pass
        logging.getLogger("acme").warning("lost in a closed file")
    """)

    assert lines == []
