"""Shows a fleet: Grafana's dashboards as functions of fleet.yml, telemetry.yml, slo.yml, alerts.yml and drills.yml."""
