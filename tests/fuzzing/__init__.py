"""Targets for coverage-guided fuzzing of the Python side."""
