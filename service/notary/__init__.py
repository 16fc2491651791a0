"""What signs the log: a checkpoint says what it was at a size, and none is signed that contradicts an earlier one."""

from service.notary.checking import Checked, check_log
from service.notary.keys import BadKeyFile, KeyElsewhere, LogKeys, NoKeyFile
from service.notary.notary import Contradiction, Notary, Signed, new_log, notary_of, signing

__all__ = [
    "BadKeyFile",
    "Checked",
    "Contradiction",
    "KeyElsewhere",
    "LogKeys",
    "NoKeyFile",
    "Notary",
    "Signed",
    "check_log",
    "new_log",
    "notary_of",
    "signing",
]
