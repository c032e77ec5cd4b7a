"""The command line: what every command takes, does and prints; app.py is its door."""
