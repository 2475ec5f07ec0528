"""Ask a hub for what is in a repository, and for its files, from any byte on.

The downloads of huggingface_hub begin again after an interruption since its version 2, so the bytes
are streamed here, with its session, headers, tokens and errors (0.34 on requests, later on httpx).
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tfcli.checkpoint.files import storage_errors, sync
from tfcli.checkpoint.hub.errors import BrokenConnectionError, hub_errors
from tfcli.checkpoint.hub.files import RemoteFile, check_paths
from tfcli.errors import CheckpointError

_CHUNK = 2**16  # bytes; of a chunk that is cut off nothing is kept
_LARGEST_READ = 64 * 2**20
_LISTING_SECONDS = 30
# Waits after a connection that ended: with new bytes or without, and once more without.
_PAUSES = [1.0, 4.0]


class Repository:
    """A model's repository on the hub that HF_ENDPOINT names, else huggingface.co.

    Its methods raise, beside what they name: UsageError for a gated model or a refused token,
    NotFoundError for what is not there, BrokenConnectionError where the hub cannot be reached.
    """

    def __init__(self, name: str) -> None:
        """Nothing is contacted yet."""
        from huggingface_hub import constants

        self.name = name
        self.endpoint = (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
        self._timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT

    def listing(self, revision: str) -> tuple[str, list[RemoteFile]]:
        """The commit that a branch, tag or commit means now, and the files in it.

        Raises:
            CheckpointError: what it lists cannot be a model's folder.
        """
        from huggingface_hub import HfApi

        with hub_errors(self.endpoint, self.name, revision):
            info = HfApi(endpoint=self.endpoint, library_name="tfcli").model_info(
                self.name, revision=revision, files_metadata=True, timeout=_LISTING_SECONDS
            )
        commit, entries = info.sha, info.siblings or []
        if not isinstance(commit, str) or not commit.isalnum():
            raise CheckpointError(f"{self.endpoint} names no commit for {self.name}.")
        check_paths(self.name, [entry.rfilename for entry in entries])
        return commit, [self._remote_file(entry) for entry in entries]

    def read(self, file: RemoteFile, commit: str) -> bytes:
        """The content of a small file.

        Raises:
            CheckpointError: it is not small.
        """
        if file.size > _LARGEST_READ:
            raise CheckpointError(f"{file.path} of {self.name} is too large for what it should be.")
        content = b""
        with self._stream(file, commit, 0) as (_, chunks):
            for chunk in chunks:
                content += chunk
                if len(content) > file.size:
                    break
        if not is_whole(file, content):
            raise BrokenConnectionError(
                f"{file.path} of {self.name} did not arrive whole.", hint="Type the command again."
            )
        return content

    def fetch(
        self, file: RemoteFile, commit: str, target: Path, report: Callable[[int], None]
    ) -> None:
        """Bring a file whole to `target`, going on from the bytes that stand there.

        Args:
            file: what to fetch.
            commit: of which state of the repository.
            target: where its bytes are appended; what came before an error stays.
            report: told how many bytes are there, as they come.

        Raises:
            CheckpointError: what came, twice, is not the file that was listed.
            StorageError: it cannot be written.
        """
        for _ in range(2):
            self._complete(file, commit, target, report)
            if is_whole(file, target):
                with storage_errors(target):
                    sync(target)
                return
            with storage_errors(target):
                target.unlink()
        raise CheckpointError(
            f"{file.path} of {self.name} arrives damaged: its checksum is not the one that the hub "
            "lists.",
            hint="Try again later, or tell the owner of the repository.",
        )

    def _complete(
        self, file: RemoteFile, commit: str, target: Path, report: Callable[[int], None]
    ) -> None:
        """Ask until as many bytes are there as were listed; give up after three times in vain."""
        in_vain, most = 0, _size(target)
        while not target.exists() or _size(target) < file.size:
            try:
                self._append(file, commit, target, report)
            except BrokenConnectionError:
                in_vain = 0 if _size(target) > most else in_vain + 1
                most = max(most, _size(target))
                if in_vain > len(_PAUSES):
                    raise
                time.sleep(_PAUSES[max(0, in_vain - 1)])
        report(min(_size(target), file.size))

    def _append(
        self, file: RemoteFile, commit: str, target: Path, report: Callable[[int], None]
    ) -> None:
        """Ask for the rest of the file once, and write what comes."""
        there = _size(target)
        with self._stream(file, commit, there) as (resumed, chunks), ExitStack() as stack:
            with storage_errors(target):
                part = stack.enter_context(target.open("ab" if resumed else "wb"))
            there = there if resumed else 0
            for chunk in chunks:
                kept = chunk[: file.size - there + 1]  # a server may send for ever
                with storage_errors(target):
                    part.write(kept)
                    part.flush()
                there += len(kept)
                report(min(there, file.size))
                if there > file.size:
                    return
        if there < file.size:
            raise BrokenConnectionError(
                f"The connection to {self.endpoint} ended at {there:,} of {file.size:,} bytes of "
                f"{file.path}.",
                hint="Type the command again: it goes on from there.",
            )

    @contextmanager
    def _stream(
        self, file: RemoteFile, commit: str, start: int
    ) -> Iterator[tuple[bool, Iterator[bytes]]]:
        """A file's bytes, and whether they begin at `start` as asked, not at 0."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        session: Any = get_session()
        url = hf_hub_url(self.name, file.path, revision=commit, endpoint=self.endpoint)
        headers = build_hf_headers(library_name="tfcli") | {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with ExitStack() as stack:
            with hub_errors(self.endpoint, self.name, commit):
                if callable(getattr(session, "stream", None)):  # httpx
                    opened = session.stream("GET", url, headers=headers, timeout=self._timeout)
                else:  # requests
                    opened = session.get(url, headers=headers, timeout=self._timeout, stream=True)
                response = stack.enter_context(opened)
                hf_raise_for_status(response)
            begins = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            resumed = start == 0 or (response.status_code == 206 and begins)
            yield resumed, self._chunks(response, commit)

    def _chunks(self, response: Any, commit: str) -> Iterator[bytes]:
        with hub_errors(self.endpoint, self.name, commit):
            if hasattr(response, "iter_bytes"):  # httpx: as they come
                yield from response.iter_bytes()
            else:
                yield from response.iter_content(_CHUNK)

    def _remote_file(self, entry: Any) -> RemoteFile:
        size, sha256, git_id = entry.size, getattr(entry.lfs, "sha256", None), entry.blob_id
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise CheckpointError(
                f"{self.endpoint} does not say how large {entry.rfilename} of {self.name} is."
            )
        return RemoteFile(
            entry.rfilename,
            size,
            sha256 if _is_hex(sha256, 64) else None,
            git_id if _is_hex(git_id, 40) else None,
        )


def is_whole(file: RemoteFile, content: bytes | Path) -> bool:
    """Whether these bytes, or the file there, are the ones listed: by size and checksum."""
    size = len(content) if isinstance(content, bytes) else _size(content)
    if size != file.size:
        return False
    if file.sha256 is not None:
        return _digest("sha256", b"", content) == file.sha256
    if file.git_id is not None:  # git puts its own header before a content
        return _digest("sha1", f"blob {size}\0".encode(), content) == file.git_id
    return True


def _digest(algorithm: str, before: bytes, content: bytes | Path) -> str:
    digest = hashlib.new(algorithm, before, usedforsecurity=False)
    if isinstance(content, bytes):
        digest.update(content)
        return digest.hexdigest()
    with storage_errors(content), content.open("rb") as stream:
        while chunk := stream.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def _is_hex(value: object, length: int) -> bool:
    return isinstance(value, str) and len(value) == length and set(value) <= set("0123456789abcdef")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
