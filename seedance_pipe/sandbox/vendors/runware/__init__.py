"""Runware: one address for arrays of tasks, told apart by UUIDs that the client chooses."""
