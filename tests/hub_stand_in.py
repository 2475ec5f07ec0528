"""A hub that stands in for the real one on this machine, and what it was asked."""

import hashlib
import json
import os
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants, utils

from tfcli.checkpoint.hub import transfer

NAME = "someone/Tiny-1.5"
WEIGHTS = bytes(range(256)) * 2_400  # 600 kB: several chunks
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "generation_config.json": b"{}",
    "tokenizer.json": b'{"version": "1.0"}',
    "tokenizer_config.json": b"{}",
    "chat_template.jinja": "{{ messages }} 模板".encode(),
    "model.safetensors": WEIGHTS,
}
NOT_READ = {
    ".gitattributes": b"*.safetensors filter=lfs",
    "README.md": b"# Tiny",
    "pytorch_model.bin": b"pickle",
    "consolidated.safetensors": b"twice",
    "tf_model.h5": b"tf",
    "onnx/model.onnx": b"onnx",
    "runs/config.json": b"{}",
    "images/a:b?.png": b"png",
    "C:odd.model": b"another drive, on Windows",
}


@dataclass
class StandIn:
    """What the stand-in serves, and what it was asked.

    Attributes:
        files: of its one repository.
        large: those that it keeps in LFS, on another host.
        listed: paths that the listing has beside them.
        cuts: for a path, after how many bytes each next answer breaks off.
        refusal: an answer to every file, in place of it.
        asked: (path, Range header, Authorization header) of every request for a file's bytes.
    """

    address: str = ""
    other_address: str = ""
    files: dict[str, bytes] = field(default_factory=lambda: FILES | NOT_READ)
    large: tuple[str, ...] = ("model.safetensors", "pytorch_model.bin")
    listed: tuple[str, ...] = ()
    cuts: dict[str, list[int]] = field(default_factory=dict)
    ignores_ranges: bool = False
    corrupts: str = ""
    lengthens: str = ""
    refusal: tuple[int, str] | None = None
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    listings: int = 0

    @property
    def commit(self) -> str:
        return hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()

    def listing(self) -> dict[str, Any]:
        siblings: list[dict[str, Any]] = []
        for path, content in self.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            entry: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": blob}
            if path in self.large:
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"size": len(content), "sha256": sha256, "pointerSize": 134}
                entry["blobId"] = "0" * 40  # of the pointer
            siblings.append(entry)
        siblings += [{"rfilename": path, "size": 1, "blobId": "0" * 40} for path in self.listed]
        return {"id": NAME, "modelId": NAME, "sha": self.commit, "siblings": siblings}

    def fetched(self) -> list[str]:
        return [path for path, *_ in self.asked]


def handler_of(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            api = f"/api/models/{NAME}/revision/"
            if path.startswith(api):
                stand_in.listings += 1
                assert urllib.parse.parse_qs(query)["blobs"]
                self.answer_listing(urllib.parse.unquote(path.removeprefix(api)))
            elif path.startswith("/api/models/gated/"):
                self.refuse(403, "GatedRepo")
            elif path.startswith("/api/models/html/"):
                self.answer(200, b"<html>Log in to this network", {"Content-Type": "text/html"})
            elif path.startswith("/api/models/numbers/"):
                self.answer(200, b'{"id": 1, "sha": 7, "siblings": [{"rfilename": 5}]}')
            elif path.startswith("/api/models/busy/"):
                self.refuse(503, "")
            elif path.startswith("/api/models/secret/"):
                self.refuse(403, "")
            elif path.startswith("/api/"):
                self.refuse(401, "RepoNotFound")
            else:
                self.answer_file(urllib.parse.unquote(path))

        def answer_listing(self, revision: str) -> None:
            if revision in ("main", "refs/pr/1", stand_in.commit):
                self.answer(200, json.dumps(stand_in.listing()).encode())
            else:
                self.refuse(404, "RevisionNotFound")

        def answer_file(self, path: str) -> None:
            start = f"/{NAME}/resolve/{stand_in.commit}/"
            if path.startswith(start):
                name = path.removeprefix(start)
                if stand_in.refusal:
                    self.refuse(*stand_in.refusal)
                elif name in stand_in.large:
                    place = f"{stand_in.other_address}/storage/{urllib.parse.quote(name)}"
                    stand_in.asked.append((f"@{name}", None, self.headers["Authorization"]))
                    self.answer(302, b"", {"Location": place})
                else:
                    self.send_bytes(name)
            elif path.startswith("/storage/"):
                self.send_bytes(path.removeprefix("/storage/"))
            else:
                self.refuse(404, "EntryNotFound")

        def send_bytes(self, name: str) -> None:
            wanted = self.headers["Range"]
            stand_in.asked.append((name, wanted, self.headers["Authorization"]))
            content = stand_in.files[name]
            if name == stand_in.corrupts:
                content = content[:-1] + bytes([content[-1] ^ 1])
            if name == stand_in.lengthens:
                content *= 5
            status, headers = 200, {"ETag": f'"{hashlib.md5(content).hexdigest()}"'}
            begin = 0
            if wanted and not stand_in.ignores_ranges:
                begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
                status = 206
                size = len(content)
                headers["Content-Range"] = f"bytes {begin}-{size - 1}/{size}"
            cuts = stand_in.cuts.get(name)
            self.answer(status, content[begin:], headers, cut=cuts.pop(0) if cuts else None)

        def refuse(self, status: int, code: str) -> None:
            self.answer(status, b"{}", {"X-Error-Code": code, "X-Error-Message": "no"})

        def answer(
            self,
            status: int,
            body: bytes,
            headers: dict[str, str] | None = None,
            cut: int | None = None,
        ) -> None:
            self.send_response(status)
            for key, value in {"X-Repo-Commit": stand_in.commit, **(headers or {})}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if cut is None else body[:cut])
            if cut is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class Server(ThreadingHTTPServer):
    """One that keeps quiet about connections that the other side ends."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def forget_connections() -> None:
    """The library keeps its clients, with the proxies and the mode of when they were made."""
    getattr(utils, "close_session", getattr(utils, "reset_sessions", lambda: None))()


@contextmanager
def serving(home: Path) -> Iterator[StandIn]:
    """Serve NAME with FILES, ask no other hub, and keep what is pulled under `home`."""
    stand_in = StandIn()
    server = Server(("127.0.0.1", 0), handler_of(stand_in))
    stand_in.address = f"http://127.0.0.1:{server.server_port}"
    stand_in.other_address = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFCLI_HOME", str(home))
        patch.setenv("HF_ENDPOINT", stand_in.address)
        patch.setenv("HF_TOKEN", "hf_secret")
        patch.setenv("NO_PROXY", "*")
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        patch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
        patch.setattr(transfer, "_PAUSES", [0.0, 0.0])
        patch.setattr(os, "fsync", lambda _: None)  # it takes most of the time
        yield stand_in
    server.shutdown()
    server.server_close()
    thread.join()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.name != ".tfcli-pull.json"
    }
