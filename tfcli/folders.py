"""Where tfcli keeps what is not in the project's own folder: settings, caches and logs.

A ground floor beside `errors.py`: it imports nothing heavy, and every part may ask it.
`TFCLI_HOME` moves all three under one folder; else the platform's own places are used.
"""

import os
from pathlib import Path


def config_folder() -> Path:
    """The folder of the user's `config.toml`."""
    home = _home()
    if home is not None:
        return home
    import platformdirs

    return platformdirs.user_config_path("tfcli", appauthor=False)


def cache_folder() -> Path:
    """The folder of what can be made again: tokenised corpora, fetched files."""
    home = _home()
    if home is not None:
        return home / "cache"
    import platformdirs

    return platformdirs.user_cache_path("tfcli", appauthor=False)


def log_folder() -> Path:
    """The folder of the reports that an unexpected error leaves."""
    home = _home()
    if home is not None:
        return home / "log"
    import platformdirs

    return platformdirs.user_log_path("tfcli", appauthor=False)


def _home() -> Path | None:
    value = os.environ.get("TFCLI_HOME")
    return Path(value).expanduser() if value else None
