"""Drives the shop: its journeys and load profiles."""
