"""The command line: arguments in, text or JSON out, and an exit code."""
