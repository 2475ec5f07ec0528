"""Static completion scripts for bash, zsh, fish and PowerShell.

Typer's own completion starts Python at every TAB (about 210 ms); a static script answers in a
few. The scripts are made from the command tree, so they say what the program says: a test makes
them again and compares the bytes.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tfcli.cli.shells import bash, fish, powershell, zsh
from tfcli.cli.shells.tree import Node

WRITERS: Mapping[str, Callable[[Node], str]] = MappingProxyType(
    {"bash": bash.script, "zsh": zsh.script, "fish": fish.script, "powershell": powershell.script}
)
FILE_NAMES: Mapping[str, str] = MappingProxyType(
    {"bash": "tfcli.bash", "zsh": "_tfcli", "fish": "tfcli.fish", "powershell": "tfcli.ps1"}
)
