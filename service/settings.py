"""Settings: from the command line, the environment (`ONRECORD_...`) or `onrecord.toml`, the first that has one."""

import re
import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "ONRECORD_"
FILE = "onrecord.toml"
ADDRESS = re.compile(
    r"postgres(ql)?://([^@/?#:\s]+(:([^@/?#:%\s]|%[0-9A-Fa-f]{2})*)?@)?[^@/?#\s]*(/[^@?#\s]*)?(\?[^#\s]*)?"
)


class BadSettings(ValueError):
    """A setting has a value that it cannot have; the text names it."""


class Settings(BaseSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file=FILE, extra="forbid", hide_input_in_errors=True)

    data: Path = Field(Path("data"), description="Folder of the record, its views and its evidence files")
    database: SecretStr | None = Field(
        None,
        description="PostgreSQL database of the record, `postgresql://USER:PASSWORD@HOST/NAME`; else SQLite",
    )
    database_connections: int = Field(10, ge=1, description="Connections for reading of a process, at the most")
    database_pre_ping: bool = Field(True, description="Look whether a connection was cut before it is used")
    database_wait: float = Field(5.0, gt=0, description="Seconds to wait for a connection")
    database_statement_timeout: float = Field(30.0, gt=0, description="Seconds that a statement may take")
    database_lock_timeout: float = Field(10.0, gt=0, description="Seconds to wait for the turn to write")
    database_commit_timeout: float = Field(
        5.0, gt=0, description="Seconds that a commit may take, where it waits for a standby; then it is answered 503"
    )
    database_idle_timeout: float = Field(
        5.0, gt=0, description="Seconds after which a process that has the turn to write, and does nothing, loses it"
    )
    host: str = Field("127.0.0.1", description="Address to serve on")
    port: int = Field(8000, ge=0, le=65535, description="Port to serve on; 0 takes a free one")
    open_reading: bool = Field(False, description="Let anybody read without a key")
    queue_size: int = Field(1024, ge=1, description="Writes that may wait; one more is answered 503")
    write_wait: float = Field(
        15.0, gt=0, description="Seconds until a write is answered 503, where it is not yet known what becomes of it"
    )
    max_body: int = Field(1_048_576, ge=1024, description="Largest body of a request, in bytes")
    evidence_max: int = Field(2_147_483_648, ge=1, description="Largest evidence file, in bytes")
    origin: str | None = Field(
        None,
        max_length=200,
        pattern=r"^[^\s+\x00-\x1f]+$",
        description="Name of the log on its checkpoints, like `records.example.org/desk`; else one is made",
    )
    log_key: Path | None = Field(None, description="File of the key that signs the log; else `log.key` in the folder")
    post_quantum: bool = Field(False, description="Sign checkpoints by a key of ML-DSA-44 too")
    checkpoint: Path | None = Field(
        None, description="File of the last checkpoint, best on another disk; else `checkpoint` in the folder"
    )
    witnesses: Path | None = Field(
        None, description="File of witnesses: the address and the verifier key of one in each line"
    )
    vault: Path | None = Field(
        None,
        description="Folder of the keys of sealed passages, outside the record's folder and its backups; else none can"
        " be sealed",
    )
    master_key: Path | None = Field(
        None, description="File of the key that wraps them, apart from the vault: `onrecord vault make` makes both"
    )
    check_every: float = Field(3_600.0, ge=0, description="Seconds between two checks of the whole record; 0: none")
    publish: Literal["nothing", "hashes", "entries"] = Field(
        "nothing", description="What of the log anybody may read: nothing, checkpoints and hashes, or all events too"
    )
    desk: str = Field("The desk", min_length=1, max_length=200, description="Name of the desk, as its feeds give it")
    reads_per_minute: int = Field(30_000, ge=0, description="Reads of a key, or an address without one; 0: no limit")
    writes_per_minute: int = Field(15_000, ge=0, description="Writes of a key; 0: no limit")
    failed_keys_per_minute: int = Field(
        60, ge=0, description="Keys that are not valid, from an address, before it is refused; 0: no limit"
    )
    stream_seconds: int = Field(900, ge=1, description="A live stream ends by itself after so many seconds")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="From where on logs are told")

    @field_validator("database")
    @classmethod
    def _is_an_address(cls, database: SecretStr | None) -> SecretStr | None:
        """Refuse what is no address before anything else reads it, and might tell what it is; empty is none."""
        if database is None or not database.get_secret_value():
            return None
        if not ADDRESS.fullmatch(database.get_secret_value()):
            raise ValueError(
                "write postgresql://USER:PASSWORD@HOST/NAME, and in a password @ as %40, / as %2F, : as %3A, % as %25"
            )
        return database

    @classmethod
    def read(cls, **given: object) -> Self:
        """Return the settings, with what is given in place of what is set. Raise `BadSettings`."""
        try:
            return cls(**given)  # type: ignore[arg-type]  # pydantic checks it
        except ValidationError as problem:
            raise BadSettings("; ".join(_told(one["loc"], one["msg"], given) for one in problem.errors())) from problem
        except tomllib.TOMLDecodeError as problem:
            raise BadSettings(f"{FILE}: {problem}") from problem

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, onrecord.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def _told(location: tuple[int | str, ...], said: str, given: dict[str, object]) -> str:
    """Return what is wrong, under the name by which the operator set it."""
    name = str(location[0]) if location else ""
    if name in given:
        return f"--{name.replace('_', '-')}: {said}"
    if name in Settings.model_fields:
        return f"{PREFIX}{name.upper()}, or {name} in {FILE}: {said}"
    return f"{name} in {FILE}: no such setting"
