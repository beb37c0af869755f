"""Where the parts of a service lie, as the FHS wants them, under `/` or under the root of an image."""

from dataclasses import dataclass
from pathlib import Path

SLASH = Path("/")
SETTINGS, STATE, CACHE = SLASH / "etc/gilmok", SLASH / "var/lib/gilmok", SLASH / "var/cache/gilmok"
SYSTEMD, SYSUSERS = SLASH / "etc/systemd/system", SLASH / "etc/sysusers.d/gilmok.conf"
STORE = STATE / "store"
"""`GILMOK_HOME` of every service: models, and what SDKs need of their own; no service writes there."""
RECORD = "service.json"


@dataclass(frozen=True, slots=True)
class Places:
    """Of the service `gilmok-NAME`, as it sees them; `real` is where they lie while an image is made."""

    name: str
    """`node-pole`, `hub-hub`."""
    root: Path = SLASH

    @property
    def service(self) -> str:
        return f"gilmok-{self.name}"

    @property
    def settings(self) -> Path:
        return SETTINGS / self.name

    @property
    def record(self) -> Path:
        return self.settings / RECORD

    @property
    def secrets(self) -> Path:
        return self.settings / "secrets"

    @property
    def credentials(self) -> Path:
        """Where systemd shows the service, and nobody else, copies of its secrets."""
        return SLASH / "run/credentials" / f"{self.service}.service"

    @property
    def state(self) -> Path:
        """Its own, and the only place that it writes into, beside `cache`."""
        return STATE / self.name

    @property
    def cache(self) -> Path:
        return CACHE / self.name

    @property
    def unit(self) -> Path:
        return SYSTEMD / f"{self.service}.service"

    @property
    def wanted(self) -> Path:
        """The link that has it started at boot."""
        return SYSTEMD / "multi-user.target.wants" / f"{self.service}.service"

    def real(self, path: Path) -> Path:
        return self.root / path.relative_to(SLASH)
