"""Settings: from the environment (`ONRECORD_...`), a TOML file and a folder of secrets, in this order of precedence."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Settings(BaseSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="ONRECORD_", toml_file="onrecord.toml", extra="forbid")

    data: Path = Field(Path("data"), description="Folder of the record, its views and its evidence files")
    host: str = Field("127.0.0.1", description="Address to serve on")
    port: int = Field(8000, ge=0, le=65535, description="Port to serve on")
    open_reading: bool = Field(False, description="Let anybody read without a key")
    queue_size: int = Field(1024, ge=1, description="Writes that may wait; one more is answered 503")
    max_body: int = Field(1_048_576, ge=1024, description="Largest body of a request, in bytes")
    evidence_max: int = Field(2_147_483_648, ge=1, description="Largest evidence file, in bytes")
    desk: str = Field("The desk", min_length=1, max_length=200, description="Name of the desk, as its feeds give it")
    reads_per_minute: int = Field(30_000, ge=0, description="Reads of a key, or an address without one; 0: no limit")
    writes_per_minute: int = Field(15_000, ge=0, description="Writes of a key; 0: no limit")
    failed_keys_per_minute: int = Field(
        60, ge=0, description="Keys that are not valid, from an address, before it is refused; 0: no limit"
    )
    stream_seconds: int = Field(900, ge=1, description="A live stream ends by itself after so many seconds")
    log_level: str = Field("info", description="debug, info, warning or error")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, onrecord.toml, secrets."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls), file_secret_settings
