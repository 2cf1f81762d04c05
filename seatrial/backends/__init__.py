"""Clients of what holds the evidence: Prometheus, metrics endpoints, log files. Transports are arguments."""
