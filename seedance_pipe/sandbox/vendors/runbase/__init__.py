"""Runbase: its two endpoints for the Seedance models, as runbase.md (2026-11-21) documents them."""
