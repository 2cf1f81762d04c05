"""Stacks start and stop a fleet with its observability; every kind answers to `stacks.protocol.Stack`."""
