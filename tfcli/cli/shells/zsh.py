"""The completion script for zsh, as a function to autoload from `fpath` or to source."""

from tfcli.cli.shells.tree import GENERATED, Argument, Node, Option, Slot

_HEAD = f"""\
#compdef tfcli
# zsh completion for tfcli. {GENERATED}

_tfcli_runs() {{
    local -a runs
    runs=(runs/*(N/))
    (( $#runs )) && compadd -a runs
    _path_files -/
}}

"""

_TAIL = """\
# Autoloaded from fpath the file is the function; sourced, it has to be registered.
if [[ $funcstack[1] == _tfcli ]]; then
    _tfcli "$@"
else
    compdef _tfcli tfcli
fi
"""

_ACTIONS = {"nothing": "", "file": "_files", "folder": "_path_files -/", "run": "_tfcli_runs"}


def script(root: Node) -> str:
    """The script as text."""
    nodes = list(root.walk())
    # A function has to be there before the one that calls it is run, not before it is written.
    return _HEAD + "\n".join(_function(node) for node in nodes) + "\n" + _TAIL


def _function(node: Node) -> str:
    specs = [spec for option in node.options for spec in _option_specs(option)]
    return _group(node, specs) if node.children else _command(node, specs)


def _command(node: Node, specs: list[str]) -> str:
    specs = [*specs, *(_argument_spec(argument) for argument in node.arguments)]
    return f"{_name(node)}() {{\n    _arguments -s -S \\\n{_joined(specs)}\n}}\n"


def _group(node: Node, specs: list[str]) -> str:
    specs = [*specs, "'1: :->command'", "'*:: :->rest'"]
    described = "\n".join(f"                '{c.name}:{_plain(c.help)}'" for c in node.children)
    cases = "\n".join(f"                {c.name}) {_name(c)} && ret=0 ;;" for c in node.children)
    return f"""\
{_name(node)}() {{
    local curcontext="$curcontext" context state state_descr line ret=1
    typeset -A opt_args
    _arguments -C -s -S \\
{_joined(specs)} && ret=0
    case $state in
        command)
            local -a commands
            commands=(
{described}
            )
            _describe -t commands 'command' commands && ret=0
            ;;
        rest)
            curcontext="${{curcontext%:*:*}}:tfcli-$line[1]:"
            case $line[1] in
{cases}
            esac
            ;;
    esac
    return ret
}}
"""


def _joined(specs: list[str]) -> str:
    return " \\\n".join(f"        {spec}" for spec in specs)


def _option_specs(option: Option) -> list[str]:
    """One spec a flag; the flags of an option exclude each other unless it may be repeated."""
    excluded = "*" if option.repeatable else f"({' '.join(option.flags)})"
    value = "" if option.slot is None else f":{_value(option.slot)}"
    equals = {flag: "=" if option.slot and flag.startswith("--") else "" for flag in option.flags}
    return [
        f"'{excluded}{flag}{equals[flag]}[{_bracketed(option.help)}]{value}'"
        for flag in option.flags
    ]


def _argument_spec(argument: Argument) -> str:
    place = "*" if argument.repeatable else ""
    return f"'{place}:{_value(argument.slot, argument.name)}'"


def _value(slot: Slot, name: str = "value") -> str:
    if slot.kind == "choice":
        return f"{name}:({' '.join(slot.choices)})"
    return f"{name}:{_ACTIONS[slot.kind]}"


def _name(node: Node) -> str:
    return "_" + "_".join(["tfcli", *node.path]).replace("-", "_")


def _bracketed(text: str) -> str:
    return _plain(text).replace("[", r"\[").replace("]", r"\]")


def _plain(text: str) -> str:
    return text.replace(":", r"\:")
