"""Metrics of clients, transfers and journals, for OpenTelemetry and for Prometheus."""
