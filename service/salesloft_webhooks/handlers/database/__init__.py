"""The SQL database of the built-in groups: its address, connections, errors, tables and migrations."""
