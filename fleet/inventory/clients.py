"""The inventory calls no other service."""
