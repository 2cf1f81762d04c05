"""Objectives: from slo.yml to rules, alerts and limits."""
