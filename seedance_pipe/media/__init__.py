"""The craft of the cutting room: probing clips, taking frames and joining clips into a film."""
