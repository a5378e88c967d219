"""The vendors, played on loopback: their APIs as documented, with clips that a person can read."""
