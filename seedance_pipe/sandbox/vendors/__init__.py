"""One module for each vendor that the sandbox plays, written from that vendor's documents alone."""
