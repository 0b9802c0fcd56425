"""Exactly-once fund transfers: states, journal, workflow."""
