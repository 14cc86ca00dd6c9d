"""``python -m salesloft_webhooks`` is the command ``salesloft-webhooks``."""

from salesloft_webhooks.cli import main

if __name__ == "__main__":
    main()
