"""The completion script for PowerShell 5.1 and later."""

from collections.abc import Iterable

from tfcli.cli.shells.tree import GENERATED, Node, Slot

_HEAD = f"""\
# PowerShell completion for tfcli. {GENERATED}

Register-ArgumentCompleter -Native -CommandName 'tfcli' -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)

    # What each command takes: its options, then its arguments.
    $commands = @{{
"""

_MIDDLE = """\
    }

    # What follows an option: '<file>', '<folder>', '<run>', or the choices.
    $values = @{
"""

_TAIL = """\
    }

    $words = @($commandAst.CommandElements | Where-Object {
        $_.Extent.EndOffset -lt $cursorPosition
    } | ForEach-Object { $_.Extent.Text })
    $path = 'tfcli'
    $last = ''
    foreach ($word in @($words | Select-Object -Skip 1)) {
        $last = $word
        if ($commands.ContainsKey("$path $word")) {
            $path = "$path $word"
        }
    }

    if ($values.ContainsKey("$path $last")) {
        $candidates = $values["$path $last"]
    } elseif ($wordToComplete.StartsWith('-')) {
        $candidates = $commands[$path][0]
    } else {
        $candidates = $commands[$path][1]
    }

    $found = foreach ($candidate in $candidates) {
        switch ($candidate) {
            '<file>' { (Get-ChildItem -Path "$wordToComplete*" -ErrorAction Ignore) |
                    Resolve-Path -Relative }
            '<folder>' { (Get-ChildItem -Path "$wordToComplete*" -Directory -ErrorAction Ignore) |
                    Resolve-Path -Relative }
            '<run>' { (Get-ChildItem -Path 'runs' -Directory -ErrorAction Ignore) |
                    ForEach-Object { "runs/$($_.Name)" } |
                    Where-Object { $_ -like "*$wordToComplete*" } }
            default { if ($candidate -like "$wordToComplete*") { $candidate } }
        }
    }
    foreach ($text in $found) {
        $quoted = if ($text -match '\\s') { "'$text'" } else { $text }
        [System.Management.Automation.CompletionResult]::new(
            $quoted, $text, 'ParameterValue', $text)
    }
}
"""


def script(root: Node) -> str:
    """The script as text."""
    commands, values = [], []
    for node in root.walk():
        path = " ".join(["tfcli", *node.path])
        flags = _array(flag for option in node.options for flag in option.flags)
        commands.append(f"        '{path}' = @({flags}, {_array(_places(node))})")
        for option in node.options:
            if option.slot is not None:
                words = _array(_candidates(option.slot))
                values += [f"        '{path} {flag}' = {words}" for flag in _distinct(option.flags)]
    return _HEAD + "\n".join(commands) + "\n" + _MIDDLE + "\n".join(values) + "\n" + _TAIL


def _places(node: Node) -> list[str]:
    if node.children:
        return [child.name for child in node.children]
    return [word for argument in node.arguments for word in _candidates(argument.slot)]


def _candidates(slot: Slot) -> list[str]:
    if slot.kind == "choice":
        return list(slot.choices)
    return [] if slot.kind == "nothing" else [f"<{slot.kind}>"]


def _distinct(flags: tuple[str, ...]) -> list[str]:
    """The keys of a PowerShell table ignore case, and must not be given twice."""
    return list({flag.lower(): flag for flag in flags}.values())


def _array(words: Iterable[str]) -> str:
    quoted = ["'" + word.replace("'", "''") + "'" for word in words]
    return f"@({', '.join(quoted)})"
