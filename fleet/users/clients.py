"""Users call no other service."""
