"""The catalog calls no other service."""
