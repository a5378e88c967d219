"""The wiring: the only floor that knows every other by name. Each module is one thing that commands ask for."""
