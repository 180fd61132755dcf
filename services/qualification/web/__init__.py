"""The web pages for testers and test managers, under ``/ui``: plain HTML, one style sheet, one script."""
