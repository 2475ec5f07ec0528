"""Runs tfcli command lines as processes of their own without loading PyTorch for each.

This process has imported everything and computed nothing, so a fork of it is a whole new tfcli
that can be killed. It reads requests from stdin, a JSON object a line:

    {"arguments": [...], "folder": cwd, "environment": {...}, "stdout": path, "stderr": path,
     "watched": path, "die_at": n, "count_in": path, "file_bytes": n}   -> {"pid": pid}
    {"wait": pid}                                     -> {"code": exit code, -9 for a kill}

With `die_at`, the child kills itself (SIGKILL) at its n-th change of a file or folder under
`watched`; `count_in` tells how many there were. With `file_bytes`, no file may grow beyond that,
as on a full disk.
"""

import gc
import json
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

CHANGES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir"}


def main() -> None:
    # What a command would import in its body.
    import sentencepiece  # noqa: F401
    import tokenizers  # noqa: F401
    import torch._dynamo  # noqa: F401

    import tfcli.cli.app
    import tfcli.cli.train
    import tfcli.train.plan
    import tfcli.view.train  # noqa: F401

    # What a killed process has written is there without it, and a whole disk would be kept busy.
    os.fsync = lambda descriptor: None
    gc.freeze()  # a fork's collections would copy every page

    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                child(request)
            answer = {"pid": pid}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def child(request: dict[str, Any]) -> None:
    code = 99
    try:
        os.environ.update(request.get("environment", {}))
        tempfile.tempdir = None  # as TMPDIR says
        os.chdir(request["folder"])
        for number, name in ((1, "stdout"), (2, "stderr")):
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOCTTY
            os.dup2(os.open(request[name], flags), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # What is buffered belongs to the parent.
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
        if "file_bytes" in request:
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"], hard))
        if "watched" in request:
            watch(request["watched"], request.get("die_at"), request.get("count_in"))
        from tfcli.main import run

        code = run(request["arguments"])
        sys.stdout.flush()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def watch(folder: str, die_at: int | None, count_in: str | None) -> None:
    """Count the changes under the folder, and die at one of them."""
    count = 0
    counter = os.open(count_in, os.O_WRONLY | os.O_CREAT) if count_in else None

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in CHANGES or isinstance(arguments[0], int):
            return
        if not os.path.abspath(os.fsdecode(arguments[0])).startswith(folder):  # noqa: PTH100
            return
        writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
        if event == "open" and not (arguments[2] or 0) & writing:
            return
        count += 1
        if counter is not None:
            os.pwrite(counter, str(count).encode(), 0)
        if count == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)


if __name__ == "__main__":
    # A path of this folder must not stand before the packages.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".") != Path(__file__).parent]
    main()
