"""The command line: its grammar, and a module for each command, or for a few that are alike."""
