"""What is measured: one module a section, each with ``run(options)``, which gives back its figures."""
