"""Where each shell looks for a user's completions."""

import os
from pathlib import Path


def current_shell() -> str | None:
    """The user's shell by $SHELL, or PowerShell on Windows; None if it is none of ours."""
    name = Path(os.environ.get("SHELL", "")).name
    if name in ("bash", "zsh", "fish"):
        return name
    if name == "pwsh" or (not name and os.name == "nt"):
        return "powershell"
    return None


def target(shell: str) -> Path:
    """The file that holds the user's completion of tfcli for the shell."""
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return {
        "bash": data / "bash-completion" / "completions" / "tfcli",
        "zsh": data / "zsh" / "site-functions" / "_tfcli",
        "fish": config / "fish" / "completions" / "tfcli.fish",
        "powershell": config / "powershell" / "tfcli-completion.ps1",
    }[shell]


def install(shell: str, script: str) -> Path:
    """Write the script to its place. Returns the path; raises OSError."""
    path = target(shell)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(script.encode("utf-8"))
    partial.replace(path)
    return path


def next_step(shell: str, path: Path) -> str:
    """What the user still has to do."""
    return {
        "bash": f"New shells complete tfcli if bash-completion is installed; else add to ~/.bashrc:"
        f"\n  source {path}",
        "zsh": f"If ~/.zshrc does not have it yet, add this line before compinit:"
        f"\n  fpath=({path.parent} $fpath)",
        "fish": "New shells complete tfcli.",
        "powershell": f"Add this line to your $PROFILE:\n  . '{path}'",
    }[shell]
