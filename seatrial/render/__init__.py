"""Renders what other programs are configured with from the project's own files."""
