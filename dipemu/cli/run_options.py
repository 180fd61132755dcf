"""What ``dipemu run`` takes on its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Test cases; see `dipemu scenarios list`")
]
Themes = Annotated[
    list[str] | None, typer.Option(help="All test cases of this theme. May be repeated", metavar="NAME")
]
Everything = Annotated[bool, typer.Option("--all", help="All test cases")]
AtOnce = Annotated[
    int | None,
    typer.Option(min=1, help="Runs at the same time. Default: 1 with participants, else 8", metavar="N"),
]
Participants = Annotated[
    list[str] | None,
    typer.Option(
        help="ROLE=DIP-ID: this role is played by your system. May be repeated", metavar="ROLE=DIP-ID"
    ),
]
Inject = Annotated[
    list[str] | None,
    typer.Option(
        help="Message that the harness sends on the participant's behalf, as CSS01700. May be repeated"
    ),
]
Server = Annotated[
    str | None, typer.Option(help="A running `dipemu up`. Without it, one is started for this run")
]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for each of the participant's steps")]
Mpan = Annotated[
    str | None, typer.Option(help="Use this MPAN (13 digits). Default: a fresh one for this run")
]
Port = Annotated[
    int | None,
    typer.Option(help="Without --server: port to serve on. Default: 8080 with participants, else a free one"),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Without --server: data directory. Default: .dipemu with participants, else a fresh one",
    ),
]
Stepwise = Annotated[
    bool, typer.Option("--stepwise", help="Hold each message of the harness until `dipemu runs release`")
]
Label = Annotated[str | None, typer.Option(help="Your own word for the run, to find it by")]
Evidence = Annotated[
    Path | None,
    typer.Option(help="Folder for the evidence; of several runs, for their folders. Default: evidence/<run>"),
]
Junit = Annotated[Path | None, typer.Option(help="Also write the verdict as JUnit XML to this file")]
Json = Annotated[
    Path | None, typer.Option(help="Also write the run as JSON to this file, at its start and at its end")
]
