"""Putting a converted checkpoint into a Hub repository, with a model card that states its licence and origin.

A repository holds many: NAME/model.safetensors, NAME/config.json and NAME/README.md, the layout of a mirror.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from zoo import cache
from zoo.catalog import REPO, Entry, find
from zoo.endpoint import endpoint
from zoo.errors import ZooError
from zoo.files import CONFIG, WEIGHTS, read_config
from zoo.hub import checkpoint_at

# Licences as the Hub's model cards spell them; any other is "other" with its own name.
HUB_LICENCES = {"MIT": "mit", "BSD": "bsd", "GPL-3.0": "gpl-3.0", "CC BY-NC-SA 4.0": "cc-by-nc-sa-4.0"}
Files = Mapping[str, bytes | Path]


def plan(folder: Path, repo: str) -> Files:
    """What publishing `folder` puts into `repo`: the path in the repository, and the content or the file that has it.

    The folder bears the name of its catalogue entry, which knows the licence and the origin. Raises `ZooError`.
    """
    if not re.fullmatch(REPO, repo):
        raise ZooError(f"{repo!r} is not a Hub repository; give OWNER/NAME.")
    folder = folder.absolute()
    checkpoint_at(folder)
    try:
        entry = find(folder.name)
    except ZooError as error:
        raise ZooError(
            f"Name {folder} after its catalogue entry, which knows its licence and origin: {error}"
        ) from error
    if not entry.licence:
        raise ZooError(f"The catalogue states no licence for {entry.name}; only checkpoints with one are published.")
    return {
        f"{entry.name}/{WEIGHTS}": folder / WEIGHTS,
        f"{entry.name}/{CONFIG}": folder / CONFIG,
        f"{entry.name}/README.md": model_card(entry, folder, repo).encode(),
    }


def upload(files: Files, repo: str) -> str:
    """Put planned files into the repository, which is made if it does not exist, in one commit; returns its address.

    A repository without a card at its top gets one. Raises `ZooError`.
    """
    import httpx2

    hub = endpoint()
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError

    from zoo.download import check_reachable

    if cache.offline():
        raise ZooError(f"Nothing is published in offline mode; unset {' and '.join(cache.OFFLINE)}.")
    check_reachable(repo)
    api = HfApi(endpoint=hub)
    name = next(iter(files)).split("/")[0]
    try:
        api.create_repo(repo, exist_ok=True)
        if "README.md" not in api.list_repo_files(repo):
            files = {**files, "README.md": _front_page(repo).encode()}
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        return str(api.create_commit(repo, operations, commit_message=f"Add {name}").commit_url)
    except HfHubHTTPError as error:
        status = error.response.status_code
        hint = "set HF_TOKEN to a token that may write there" if status in (401, 403) else "try again later"
        raise ZooError(f"{hub} refused the upload to {repo} ({status}); {hint}.") from error
    except httpx2.HTTPError as error:
        raise ZooError(f"The connection to {hub} broke during the upload ({error}); try again.") from error


def model_card(entry: Entry, folder: Path, repo: str) -> str:
    """The card of one checkpoint: front matter for the Hub, then licence, origin, paper, input and configuration."""
    known = HUB_LICENCES.get(entry.licence)
    licence = [f"license: {known}"] if known else ["license: other", f"license_name: {json.dumps(entry.licence)}"]
    front = ["---", *licence, "library_name: sims-studio", f"pipeline_tag: {_pipeline(entry)}", "---"]
    facts = {
        "Family": entry.family,
        "Licence": f"{entry.licence} ({entry.licence_note})" if entry.licence_note else entry.licence,
        "Origin": _origin(entry),
        "Paper": f"[{entry.paper}]({entry.paper_url})" if entry.paper_url else entry.paper,
        "Trained on": entry.trained_on,
        "Works from": _works_from(entry),
        "Holds": f"segments of pictures, in the label space {entry.label_space}" if entry.task == "memory" else "",
        "Native size": "x".join(map(str, reversed(entry.native_size))) if entry.native_size else "",
    }
    lines = [f"- {name}: {fact}" for name, fact in facts.items() if fact]
    config = json.dumps(read_config(folder), indent=2)
    use = f"SIMS_ZOO_REPO={repo} python -m zoo pull {entry.name}"
    parts = [
        "\n".join(front),
        f"# {entry.title}",
        "\n".join(lines),
        "Converted to safetensors under the tensors' original names.",
        f"```\n{use}\n```",
        f"```json\n{config}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _pipeline(entry: Entry) -> str:
    """The Hub's word for what it does."""
    return "unconditional-image-generation" if entry.task == "grid" else "image-to-image"


def _works_from(entry: Entry) -> str:
    others = f"layouts of the label space {entry.label_space}" if entry.label_space else "pictures"
    return {"memory": "", "grid": "latents"}.get(entry.task, others)


def _origin(entry: Entry) -> str:
    where = (
        f"https://huggingface.co/{'spaces/' if entry.repo_type == 'space' else ''}{entry.repo}" if entry.repo else ""
    )
    files = f" ({', '.join(entry.files)}{f', revision {entry.revision}' if entry.revision else ''})"
    return f"{where or entry.official}{files}" if where or entry.official else "trained by this project"


def _front_page(repo: str) -> str:
    return (
        "---\nlicense: other\nlicense_name: one-per-checkpoint\nlibrary_name: sims-studio\n---\n\n"
        f"# {repo}\n\nCheckpoints for the image synthesis studio, converted to safetensors. Each folder holds one, with"
        " its own licence and origin in its README.md.\n"
    )
