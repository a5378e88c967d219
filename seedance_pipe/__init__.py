"""Make for films: a story file becomes a film, and only what changed is made again."""

__version__ = "0.1.0"

__all__ = ["__version__"]
