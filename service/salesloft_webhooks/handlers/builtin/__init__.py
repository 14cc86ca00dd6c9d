"""The built-in groups, a module or package each, and the file that configures them."""
