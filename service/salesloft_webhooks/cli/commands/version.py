"""`version`."""

from salesloft_webhooks.cli.console import show_json
from salesloft_webhooks.cli.options import AsJson


def version(*, as_json: AsJson = False) -> None:
    """Print the versions of this program and of Python."""
    import platform
    from importlib.metadata import version as installed

    if as_json:
        show_json({"salesloft_webhooks": installed("salesloft-webhooks"), "python": platform.python_version()})
    else:
        print(f"salesloft-webhooks {installed('salesloft-webhooks')} (Python {platform.python_version()})")
