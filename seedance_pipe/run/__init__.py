"""Doing what a plan says: the journal, the store and the scheduler. It knows no vendor and no ffmpeg."""
