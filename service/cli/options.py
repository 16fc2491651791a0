"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the record (else ONRECORD_DATA, else ./data)")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Tell nothing but problems")]
Incident = Annotated[str, typer.Argument(help="Id or short id of the incident, as in INC-Q6V7NE")]
AnyIncident = Annotated[str | None, typer.Argument(help="Id or short id of the incident; all of the record without")]
When = Annotated[str | None, typer.Option("--at", help="A position, or a time such as 2024-08-08T09:00:00Z")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there")]
