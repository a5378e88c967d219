"""BytePlus ModelArk: video generation tasks of the Seedance models, as modelark.md (2026-11-21) documents them."""
