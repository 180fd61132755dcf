"""Qualification: scenarios, runs, verdicts and evidence."""
