"""The life of an entry in a group, explored exhaustively at small scope: see `tests.model.exploration`."""
