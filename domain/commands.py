"""Every command there is, by name."""

from typing import get_args

from domain.account_commands import AccountCommands
from domain.incident_commands import IncidentCommands
from domain.source_commands import SourceCommands
from domain.subject_commands import SubjectCommands

Command = IncidentCommands | SourceCommands | AccountCommands | SubjectCommands
COMMANDS: dict[str, type[Command]] = {cls.NAME: cls for cls in get_args(Command)}
