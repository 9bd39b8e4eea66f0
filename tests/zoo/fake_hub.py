"""A small Hugging Face Hub on 127.0.0.1: downloads, with every fault there is a sentence for, and commits.

Files lie in `root/models/OWNER/NAME/` and `root/spaces/OWNER/NAME/`. Large files are redirected to another origin
(localhost instead of 127.0.0.1), as the real Hub sends them to its CDN. Faults are attributes of the server.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

LARGE = (".pth", ".bin", ".safetensors")
COMMIT = "c0ffee" + "0" * 34
NEXT_COMMIT = "decade" + "0" * 34
RESOLVE = re.compile(r"/(spaces/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
API = re.compile(r"/api/(models|spaces)/([^/]+/[^/]+)/(tree|revision|preupload|commit)/([^/]+)")


class FakeHub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, root: Path):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root = root
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.log: list[tuple[str, str]] = []  # (method, path)
        self.blobs: dict[str, Path] = {}
        self.uploads: dict[str, bytes] = {}
        self.tokens: list[str | None] = []
        # faults
        self.status: int | None = None  # answer everything with this status
        self.private = self.gated = self.web_page = False
        self.flip_a_byte = False
        self.cut_after: int | None = None  # send this many bytes of a body, then drop the connection
        self.short_by = 0  # promise the whole size, then serve a file this much shorter
        self.promised_size: int | None = None
        self.seconds_to_answer = 0.0

    def add(self, repo: str, path: str, content: bytes, kind: str = "models") -> Path:
        file = self.root / kind / repo / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def downloads(self) -> list[str]:
        """What was fetched, in order: the last part of each GET."""
        return [path.rsplit("/", 1)[-1] for method, path in self.log if method == "GET"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._route()

    def do_GET(self) -> None:
        self._route()

    def do_POST(self) -> None:
        self._route()

    def do_PUT(self) -> None:
        self._route()

    def _route(self) -> None:
        hub, path = self.server, unquote(urlsplit(self.path).path)
        hub.log.append((self.command, path))
        hub.tokens.append(self.headers.get("Authorization"))
        time.sleep(hub.seconds_to_answer)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if hub.status is not None:
            self._answer(hub.status, b"out of order")
        elif hub.web_page:
            self._answer(200, b"<!DOCTYPE html><title>Sign in</title>", ETag='"0"')
        elif match := re.fullmatch(r"/cdn/([0-9a-f]{64})", path):
            self._send_file(hub.blobs[match[1]])
        elif match := RESOLVE.fullmatch(path):
            self._resolve("spaces" if match[1] else "models", *match.groups()[1:])
        elif self.command in ("POST", "PUT"):
            self._upload(path, body)
        elif match := API.fullmatch(path):
            self._tree(match[1], match[2])
        else:
            self._answer(404, b"")

    # --- downloads

    def _resolve(self, kind: str, repo: str, revision: str, path: str) -> None:
        hub = self.server
        folder, file = hub.root / kind / repo, hub.root / kind / repo / path
        if hub.gated:
            self._error(403, "GatedRepo")
        elif not folder.is_dir() or (hub.private and self.headers.get("Authorization") != "Bearer hf_secret"):
            self._error(401, "RepoNotFound")  # the real Hub does not tell the two apart either
        elif revision not in ("main", COMMIT):
            self._error(404, "RevisionNotFound")
        elif not file.is_file():
            self._error(404, "EntryNotFound")
        elif file.suffix in LARGE:
            self._redirect(file)
        else:
            etag = hashlib.sha1(file.read_bytes()).hexdigest()
            self._send_file(file, X_Repo_Commit=COMMIT, ETag=f'"{etag}"')

    def _redirect(self, file: Path) -> None:
        hub, sha256 = self.server, hashlib.sha256(file.read_bytes()).hexdigest()
        hub.blobs[sha256] = file
        self._answer(
            302,
            b"",
            X_Repo_Commit=COMMIT,
            X_Linked_Etag=f'"{sha256}"',
            X_Linked_Size=str(hub.promised_size or file.stat().st_size),
            Location=f"http://localhost:{hub.server_address[1]}/cdn/{sha256}",
        )

    def _send_file(self, file: Path, **headers: str) -> None:
        hub, body = self.server, file.read_bytes()
        if self.command == "HEAD":
            return self._answer(200, b"", **headers, Content_Length=str(len(body)))
        if hub.flip_a_byte:
            body = body[:-1] + bytes([body[-1] ^ 1])
        body = body[: len(body) - hub.short_by]
        status = 200
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or ""):
            status, headers["Content_Range"] = 206, f"bytes {match[1]}-{len(body) - 1}/{len(body)}"
            body = body[int(match[1]) :]
        if hub.cut_after is None:
            return self._answer(status, body, **headers)
        self._answer(status, body[: hub.cut_after], **headers, Content_Length=str(len(body)))
        self.wfile.flush()
        self.close_connection = True

    # --- commits

    def _upload(self, path: str, body: bytes) -> None:
        hub = self.server
        if hub.private and self.headers.get("Authorization") != "Bearer hf_secret":
            self._answer(401, b"{}")
        elif path == "/api/repos/create":
            repo = json.loads(body)
            name = f"{repo['organization']}/{repo['name']}" if repo.get("organization") else repo["name"]
            (hub.root / "models" / name).mkdir(parents=True, exist_ok=True)
            self._json({"url": f"{hub.url}/{name}", "name": name})
        elif path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif path.endswith("/info/lfs/objects/batch"):
            objects = json.loads(body)["objects"]
            href = [{"upload": {"href": f"{hub.url}/upload/{each['oid']}"}} for each in objects]
            answer = [{**each, "actions": actions} for each, actions in zip(objects, href, strict=True)]
            self._json({"transfer": "basic", "objects": answer})
        elif path.startswith("/upload/"):
            hub.uploads[path.removeprefix("/upload/")] = body
            self._answer(200, b"")
        elif (match := API.fullmatch(path)) and match[3] == "preupload":
            files = json.loads(body)["files"]
            modes = [("lfs" if each["path"].endswith(LARGE) else "regular") for each in files]
            answers = [{"uploadMode": mode, "shouldIgnore": False} for mode in modes]
            self._json({"files": [{"path": f["path"], **answer} for f, answer in zip(files, answers, strict=True)]})
        elif match and match[3] == "commit":
            self._commit(match[2], [json.loads(line) for line in body.splitlines()])
        else:
            self._answer(404, b"")

    def _commit(self, repo: str, lines: list[dict]) -> None:
        hub = self.server
        for line in lines:
            if line["key"] == "lfsFile":
                hub.add(repo, line["value"]["path"], hub.uploads[line["value"]["oid"]])
            elif line["key"] == "file":
                hub.add(repo, line["value"]["path"], base64.b64decode(line["value"]["content"]))
        self._json({"success": True, "commitOid": NEXT_COMMIT, "commitUrl": f"{hub.url}/{repo}/commit/{NEXT_COMMIT}"})

    def _tree(self, kind: str, repo: str) -> None:
        folder = self.server.root / kind / repo
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        oid = "0" * 40
        self._json(
            [{"type": "file", "path": str(f.relative_to(folder)), "size": f.stat().st_size, "oid": oid} for f in files]
        )

    # --- answers

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), Content_Type="application/json")

    def _error(self, status: int, code: str) -> None:
        self._answer(status, b"{}", X_Error_Code=code, X_Error_Message=code)

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def serve(root: Path) -> FakeHub:
    """Start a hub; the caller calls `shutdown()` and `server_close()`."""
    hub = FakeHub(root)
    threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return hub
