"""`up`: everything on one machine, from the server to the live view.

``folder`` keeps what outlives a run, ``ports`` finds places to listen, ``valkey`` describes the embedded server,
``child`` keeps one process alive, ``machine`` starts and stops all of them in order, ``exposition`` and ``picture``
read what they do, ``view`` shows it, ``command`` is the command.
"""
