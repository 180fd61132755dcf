"""Figures in the text that Prometheus reads."""

from __future__ import annotations

from backbone.measures import Measure, exposition


def test_figures_of_one_name_stand_together_with_one_head() -> None:
    measures = [
        Measure("runs_total", "Runs.", "counter", 2, {"verdict": "passed"}),
        Measure("log_bytes", "Size.", "gauge", 8192),
        Measure("runs_total", "Runs.", "counter", 1, {"verdict": "failed"}),
    ]
    assert exposition(measures) == (
        "# HELP runs_total Runs.\n# TYPE runs_total counter\n"
        'runs_total{verdict="passed"} 2\nruns_total{verdict="failed"} 1\n'
        "# HELP log_bytes Size.\n# TYPE log_bytes gauge\nlog_bytes 8192\n"
    )


def test_a_label_cannot_break_out_of_its_quotes() -> None:
    text = exposition([Measure("lag", "Lag.", "gauge", 1, {"group": 'a"b\\c\nd'})])
    assert 'lag{group="a\\"b\\\\c\\nd"} 1' in text
    assert len(text.splitlines()) == 3


def test_large_and_fractional_figures_are_exact() -> None:
    assert "x 82700000000000\n" in exposition([Measure("x", "X.", "gauge", 82_700_000_000_000)])
    assert "x 0.25\n" in exposition([Measure("x", "X.", "gauge", 0.25)])
