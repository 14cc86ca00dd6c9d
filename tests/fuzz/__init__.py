"""Coverage-guided fuzzing of everything that reads what others have written. Decision 81.

`search` runs a target with inputs made from those of its corpus (`mutation`). An input that runs lines in an order that
none before it did (`arcs`) is kept, and others are made from it: so the search finds its way behind one condition after
the other, where random bytes never come. A target (`targets`) is a function of bytes. What it lets out is a fault: it
expects our documented errors itself, within a bound of time and of memory (`bounds`), and no message or traceback with
what it gave as a secret.

The corpus (``corpus/TARGET/``) is what is left when every input whose arcs others have is taken away. `make test` runs
all of it; ``python -m tests.fuzz --seconds 600`` (`make fuzz`) searches on from it, and adds to it with ``--keep``.
Inputs named ``fault-*`` found one: they stay.
"""
