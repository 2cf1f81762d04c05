"""Checks are pure functions: data in, a list of findings out. Nothing here reads a file or a socket."""
