"""What goes wrong with a hub, in the words that its user needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tfcli.errors import NotFoundError, TfcliError, UsageError

_TRY_LATER = (408, 429, 500, 502, 503, 504)
_LOGIN = "`hf auth login`, or set HF_TOKEN"
# Of httpx, requests, and Python: a connection that does not come about, or ends.
_CONNECTION = {"TransportError", "RequestException", "ConnectionError", "TimeoutError"}


class BrokenConnectionError(TfcliError):
    """The hub cannot be reached, or stopped in the middle; to ask again may help."""


@contextmanager
def hub_errors(endpoint: str, name: str, revision: str) -> Iterator[None]:
    """Turn an error of huggingface_hub, or of the library that it uses for HTTP, into one of ours.

    Args:
        endpoint: the hub's address.
        name: of the repository.
        revision: of it.
    """
    try:
        yield
    except TfcliError:
        raise
    except Exception as error:  # a server that is no hub breaks the library at any place
        raise _known(error, endpoint, name, revision) from error


def _known(error: Exception, endpoint: str, name: str, revision: str) -> TfcliError:
    from huggingface_hub import errors

    kind: type[TfcliError] = TfcliError
    match error:
        case errors.GatedRepoError():
            kind = UsageError
            message = f"{name} is gated: its owner lets in who has agreed to its terms."
            hint = f"Agree at {endpoint}/{name}, then log in: {_LOGIN}."
        case errors.RepositoryNotFoundError():
            kind = NotFoundError
            message = f"{endpoint} has no model {name}, or it is private."
            hint = f"Look for typing errors; a name is OWNER/MODEL. If it is private: {_LOGIN}."
        case errors.RevisionNotFoundError():
            kind = NotFoundError
            message = f"{name} has no revision “{revision}”."
            hint = "Give a branch, a tag or a commit; without one it is the branch main."
        case errors.EntryNotFoundError():
            kind = NotFoundError
            message = f"A file that {name} lists is not there ({_words(error)})."
            hint = "It may have just changed: type the command again."
        case errors.HFValidationError():
            kind = UsageError
            message = f"“{name}” cannot be the name of a model ({_words(error)})."
            hint = "A name is OWNER/MODEL."
        case errors.OfflineModeIsEnabled():
            message = f"{name} cannot be fetched: HF_HUB_OFFLINE forbids it."
            hint = "Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE."
        case errors.HfHubHTTPError():
            return _refusal(error, endpoint, name)
        case _ if _is_of_connection(error):
            kind = BrokenConnectionError
            message = f"{endpoint} cannot be reached ({_words(error)})."
            hint = (
                "Is this machine online? HTTPS_PROXY and HF_ENDPOINT are heeded. What has come so "
                "far stays: the same command goes on from there."
            )
        case _:
            message = f"{endpoint} does not answer as a hub does ({_words(error)})."
            hint = "HF_ENDPOINT names a hub; without it huggingface.co is asked."
    return kind(message, hint)


def _refusal(error: Any, endpoint: str, name: str) -> TfcliError:
    status = error.response.status_code if error.response is not None else None
    if status in (401, 403):
        return UsageError(
            f"{endpoint} does not let this token read {name}.",
            hint=f"Log in with one that may: {_LOGIN}.",
        )
    kind = BrokenConnectionError if status in _TRY_LATER else TfcliError
    return kind(f"{endpoint} refuses {name} (HTTP {status}).", hint="Try again later.")


def _is_of_connection(error: Exception) -> bool:
    names = {each.__name__ for each in type(error).__mro__}
    # To requests an answer that is no JSON is a failed request too.
    return bool(names & _CONNECTION) and not isinstance(error, ValueError)


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text or type(error).__name__)[:200]
