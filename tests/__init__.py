"""Tests, in the shape of the source tree; `unit` needs no server, the others start real ones."""
