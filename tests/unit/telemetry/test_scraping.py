"""What our processes expose is read as Prometheus reads it."""

import pytest

from salesloft_webhooks.telemetry.scraping import samples


def test_our_samples_are_read_as_they_were_written() -> None:
    """Escapes in labels are taken back, other programs' samples and comments left out."""
    page = (
        "# TYPE salesloft_webhooks_x_total counter\n"
        'salesloft_webhooks_x_total{a="say \\"b\\\\n\\", c",d=""} 5.0\n'
        "python_info 1.0\n"
        "salesloft_webhooks_y +Inf"
    )

    assert list(samples(page)) == [("x_total", {"a": 'say "b\\n", c', "d": ""}, 5.0), ("y", {}, float("inf"))]


def test_what_is_no_exposition_is_an_error() -> None:
    """Somebody else's page is not taken for figures."""
    with pytest.raises(ValueError, match="could not convert"):
        list(samples("salesloft_webhooks_x is what you are looking for"))
