"""The qualification service: scenarios, runs, verdicts, evidence, and the pages that show them."""

from __future__ import annotations

from backbone.service import Service
from participant.context import Context
from services.qualification.api import application
from services.qualification.evidence import environment_of
from services.qualification.runs import RunManager
from services.qualification.scenario import load_scenarios
from services.qualification.signer import own_signer
from services.qualification.tally import RunTally
from services.qualification.web.app import pages


def build(context: Context) -> Service:
    """The service.

    Raises ScenarioInvalid when a scenario file cannot be used, SettingsInvalid when the certificate or key
    set to sign evidence cannot.
    """
    own_signer(context.settings)
    runs = RunManager(context, load_scenarios())
    app = application(runs, context.index, lambda: environment_of(context))
    app.mount("/ui", pages(runs, context, lambda: environment_of(context)))
    waits_for = "The runs that were under way before the start are being read."
    tally = RunTally(context.database)
    return Service(
        "qualification", app, "/api", [runs.work], lambda: runs.ready, lambda: waits_for, tally.measures
    )
