"""Plans, histories and events as text and JSON for people and programs."""
