"""What would be made, why, and for how much: pure functions of a story and of what the journal remembers."""
