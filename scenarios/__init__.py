"""Scenario files: data only. This module exists so that they travel in the wheel."""
