"""Rivya: the public API v1 for the Seedance models, as rivya.md (2026-11-21) documents it."""
