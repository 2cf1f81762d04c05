"""Payments call no other service."""
