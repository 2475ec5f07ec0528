"""The completion script for bash: 3.2, which macOS has, and later."""

from tfcli.cli.shells.tree import GENERATED, Node, Slot

_HEAD = f"""\
# bash completion for tfcli. {GENERATED}

# Sets `kind` and `words` to what may follow an option of a command.
_tfcli_value() {{
    kind=
    words=
    case "$1 $2" in
"""

_MIDDLE = """\
    esac
}

# Sets `kind`, `words` and `flags` to what a command takes.
_tfcli_command() {
    kind=
    words=
    flags=
    case $1 in
"""

_TAIL = """\
    esac
}

# Adds the lines of stdin to the answer.
_tfcli_add() {
    local line
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done
}

_tfcli() {
    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]}
    local path=tfcli kind words flags word index
    COMPREPLY=()

    # bash splits `--color=auto` at the equals sign.
    if [[ $cur == "=" ]]; then
        cur=
    elif [[ $option == "=" ]] && ((COMP_CWORD > 1)); then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if [[ $word == -- ]]; then
            option=
        fi
        case "$path $word" in
@PATHS@
                path="$path $word"
                ;;
        esac
    done

    kind=
    if [[ $option == -* ]]; then
        _tfcli_value "$path" "$option"
    fi
    if [[ -z $kind ]]; then
        _tfcli_command "$path"
        if [[ $cur == -* ]]; then
            kind=words
            words=$flags
        fi
    fi

    case $kind in
        words)
            for word in $words; do
                if [[ $word == "$cur"* ]]; then
                    COMPREPLY+=("$word")
                fi
            done
            ;;
        file)
            # Outside a completion, and in bash 3.2, there is no compopt.
            if ! compopt -o default 2>/dev/null; then
                _tfcli_add < <(compgen -f -- "$cur")
            fi
            ;;
        folder)
            compopt -o filenames 2>/dev/null
            _tfcli_add < <(compgen -d -- "$cur")
            ;;
        run)
            compopt -o filenames 2>/dev/null
            for word in "runs/${cur#runs/}"*/; do
                if [[ -d $word ]]; then
                    COMPREPLY+=("${word%/}")
                fi
            done
            if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
                _tfcli_add < <(compgen -d -- "$cur")
            fi
            ;;
    esac
}

complete -F _tfcli tfcli
"""


def script(root: Node) -> str:
    """The script as text."""
    values, commands = [], []
    for node in root.walk():
        path = " ".join(["tfcli", *node.path])
        for option in node.options:
            if option.slot is not None:
                patterns = " | ".join(f'"{path} {flag}"' for flag in option.flags)
                values.append(f"        {patterns}) {_set(option.slot)} ;;")
        flags = " ".join(flag for option in node.options for flag in option.flags)
        commands.append(f'        "{path}") flags="{flags}" {_set(_place(node))} ;;')
    paths = " | \\\n".join(
        f'            "{" ".join(["tfcli", *node.path])}"' for node in root.walk() if node.path
    )
    return (
        _HEAD
        + "\n".join(values)
        + "\n"
        + _MIDDLE
        + "\n".join(commands)
        + "\n"
        + _TAIL.replace("@PATHS@", f"{paths})")
    )


def _place(node: Node) -> Slot:
    """What may stand where no option is: a command's name, or its arguments."""
    if node.children:
        return Slot("choice", tuple(child.name for child in node.children))
    for argument in node.arguments:
        if argument.slot.kind != "nothing":
            return argument.slot
    return Slot("nothing")


def _set(slot: Slot) -> str:
    if slot.kind == "choice":
        return f'kind=words words="{" ".join(slot.choices)}"'
    return f"kind={slot.kind}"
