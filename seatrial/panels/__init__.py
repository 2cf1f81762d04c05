"""Draws and proves the panels of Grafana's dashboards where there is no Grafana."""
