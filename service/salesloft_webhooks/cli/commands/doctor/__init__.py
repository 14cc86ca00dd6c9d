"""`doctor`: what is wrong with an installation, and what to do about it.

``diagnosis`` says what a finding is. ``store_checks``, ``key_checks``, ``group_checks``, ``database_checks``,
``endpoint_checks``, ``notify_checks`` and ``salesloft_checks`` ask the real thing each; ``examination`` puts together
what a role depends on.
"""
