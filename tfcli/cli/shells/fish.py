"""The completion script for fish."""

from tfcli.cli.shells.tree import GENERATED, Node, Option, Slot

_HEAD = f"""\
# fish completion for tfcli. {GENERATED}

# Whether the command typed so far is the one in the arguments.
function __tfcli_at
    set -l path
    for word in (commandline -opc)[2..-1]
        switch "$path $word"
            case @PATHS@
                set path "$path $word"
        end
    end
    test "$path" = "$argv[1]"
end

function __tfcli_runs
    set -l runs runs/*/
    string trim --right --chars=/ $runs
    __fish_complete_directories
end

complete -c tfcli -f
"""

# -x: a value is required and is no file; -r -F: a value is required and is a file.
_REQUIRED = {"nothing": "-x", "choice": "-x", "file": "-r", "folder": "-x", "run": "-x"}
_VALUES = {
    "nothing": "",
    "file": "-F",
    "folder": "-a '(__fish_complete_directories)'",
    "run": "-a '(__tfcli_runs)'",
}


def script(root: Node) -> str:
    """The script as text."""
    nodes = list(root.walk())
    paths = " ".join(f"'{_path(node)}'" for node in nodes if node.path)
    lines = [_HEAD.replace("@PATHS@", paths)]
    for node in nodes:
        at = f"complete -c tfcli -n \"__tfcli_at '{_path(node)}'\""
        lines += [f"{at} -a {child.name} -d '{child.help}'" for child in node.children]
        places = [a.slot for a in node.arguments if a.slot.kind != "nothing"]
        lines += [f"{at} {_value(slot)}" for slot in places[:1]]
        lines += [f"{at} {_option(option)}" for option in node.options]
    return "\n".join(lines) + "\n"


def _path(node: Node) -> str:
    """The words of the path, each after a space, as the function above collects them."""
    return "".join(f" {word}" for word in node.path)


def _option(option: Option) -> str:
    flags = [f"-l {f[2:]}" if f.startswith("--") else f"-s {f[1:]}" for f in option.flags]
    value = "" if option.slot is None else f" {_REQUIRED[option.slot.kind]}"
    choices = f" {_value(option.slot)}" if option.slot and _value(option.slot) else ""
    return f"{' '.join(flags)}{value}{choices} -d '{option.help}'"


def _value(slot: Slot) -> str:
    if slot.kind == "choice":
        return f"-a '{' '.join(slot.choices)}'"
    return _VALUES[slot.kind]
