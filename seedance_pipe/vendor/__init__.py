"""The craft of shooting takes: requests, answers and downloads, for each vendor whose API makes clips."""
