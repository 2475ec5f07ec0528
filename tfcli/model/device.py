"""Which device and which number format: chosen by what the machine has, or checked."""

import os

import torch

from tfcli.errors import UsageError

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float64": torch.float64,
}


def available_devices() -> list[str]:
    """The devices of this machine, best first: cuda (with each index), mps, cpu."""
    names: list[str] = []
    if torch.cuda.is_available():
        names.append("cuda")
        names += [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def choose_device(name: str | torch.device | None = None) -> torch.device:
    """The device of that name, or the best one for None and "auto". UsageError otherwise."""
    devices = available_devices()
    if name is None or str(name) == "auto":
        return torch.device(devices[0])
    if str(name) not in devices:
        raise UsageError(
            f"There is no device “{name}” here.",
            hint="Available: auto, " + ", ".join(devices) + ".",
        )
    return torch.device(name)


def choose_dtype(name: str | torch.dtype | None, default: torch.dtype) -> torch.dtype:
    """The dtype of that name, or `default` for None and "auto". UsageError otherwise."""
    if isinstance(name, torch.dtype):
        return name
    if name is None or name == "auto":
        return default
    if name not in DTYPES:
        raise UsageError(
            f"There is no number format “{name}”.",
            hint="Available: auto, " + ", ".join(DTYPES) + ".",
        )
    return DTYPES[name]


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices in hardware.

    Elsewhere it is emulated: on a CPU without such units a product takes a hundred times longer
    than in float32.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        # older supported lines of torch do not tell; float32 is right everywhere
        capabilities = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
    return False


def usable_cores() -> int:
    """How many CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
