"""The commands, one module each; a family of commands (``dead list``, ``dead show`` ...) is one module or folder."""
