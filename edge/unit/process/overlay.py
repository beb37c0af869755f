"""What the node process is started with: NODE.toml, with the active bundle in the place of its model."""

from pathlib import Path

import tomli_w
from msgspec.structs import replace

from edge.config import ModelChoice, NodeConfig, Resume, ResumeAt
from edge.unit.process.vitals import Vitals
from models.bundle.bundle import read_index
from models.bundle.node_patch import patch_of
from sensors import atomic_files
from sensors.config import plain


def with_bundle(config: NodeConfig, bundle: Path | None) -> NodeConfig:
    """`bundle`: the folder of the active one; None: NODE.toml as it is. Raises BundleWrong."""
    if bundle is None:
        return config
    index, _ = read_index(bundle)
    patch = patch_of(bundle)
    of_the_same = config.backend.options if index.artefact.backend == config.backend.name else {}
    backend = replace(
        config.backend,
        name=index.artefact.backend,
        options={**of_the_same, **patch.backend.options},
        precision=index.artefact.precision,
        deadline_ms=patch.backend.deadline_ms or config.backend.deadline_ms,
    )
    return replace(config, model=ModelChoice(bundle=bundle, labels=patch.model.labels), backend=backend)


def resumed(config: NodeConfig, before: Vitals | None) -> NodeConfig:
    """Going on where the last session was, by schedule; a live camera just goes on."""
    if before is None:
        return config
    paced = {stream.name for stream in config.streams if stream.pace != "live"}
    streams = {
        name: ResumeAt(seq=one.last.seq, mono_ns=one.last.mono_ns)
        for name, one in before.streams.items()
        if name in paced and one.last is not None
    }
    return replace(config, resume=Resume(session=before.session_id, streams=streams))


def write(path: Path, config: NodeConfig) -> Path:
    """As TOML; raises FileUnwritable."""
    return atomic_files.write(path, tomli_w.dumps(plain(config)), private=True)
