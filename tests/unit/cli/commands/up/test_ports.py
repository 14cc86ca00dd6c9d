"""Ports that are taken are refused before anything starts, with a name to blame."""

import os
import socket

import pytest

from salesloft_webhooks.cli.commands.up.ports import choose_port, free_port
from salesloft_webhooks.errors import ConfigurationError


def test_a_free_port_is_itself() -> None:
    """What was asked for and is free is used."""
    port = free_port()

    assert choose_port("127.0.0.1", port, purpose="webhooks", option="--port") == port


def test_zero_means_any() -> None:
    """Two options for any port are fulfilled with ports that can be listened on."""
    port = choose_port("127.0.0.1", 0, purpose="webhooks", option="--port")

    with socket.create_server(("127.0.0.1", port)):
        assert port > 0


def test_a_taken_port_names_purpose_owner_and_option() -> None:
    """Who reads the message knows what to do: end that process, or use the option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as refused:
            choose_port("127.0.0.1", port, purpose="webhooks", option="--port")

    assert f"port {port} (webhooks)" in str(refused.value)
    assert "--port" in str(refused.value)
    assert f"(process {os.getpid()})" in str(refused.value)


def test_an_address_of_another_machine_is_refused() -> None:
    """Where listening is impossible for another reason, the reason is said."""
    with pytest.raises(ConfigurationError, match=r"cannot be listened on at 192\.0\.2\.1"):
        choose_port("192.0.2.1", 8_000, purpose="webhooks", option="--port")
