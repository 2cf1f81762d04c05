"""Alerts: from alerts.yml to rules, and from drills.yml to the proof of each."""
