"""Published weights: where each file is, and the enumerations that name them."""

from __future__ import annotations

import enum
from typing import Any, NamedTuple

__all__ = ["Weights", "WeightsEnum", "weights_of"]

_BASE = "https://download.pytorch.org/models/"


class Weights(NamedTuple):
    """One file of weights: its address (the name holds the beginning of its SHA-256) and the classes it knows."""

    url: str
    num_classes: int = 1000

    def transforms(self, **changes: Any) -> Any:
        """The preprocessing that the weights expect: resize to 256, centre crop to 224, normalise."""
        from autograd.vision import transforms

        return transforms.Compose(
            [
                transforms.Resize(256),
                transforms.CenterCrop(224),
                transforms.ToTensor(),
                transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ]
        )


class WeightsEnum(enum.Enum):
    """The weights published for one model; ``DEFAULT`` are the best of them."""

    @property
    def url(self) -> str:
        """Where the file is."""
        return self.value.url  # type: ignore[no-any-return]

    @property
    def meta(self) -> dict[str, Any]:
        """What is known about the weights."""
        return {"num_classes": self.value.num_classes}

    @property
    def transforms(self) -> Any:
        """The preprocessing, as a function that makes it."""
        return self.value.transforms

    def get_state_dict(self, progress: bool = True, check_hash: bool = True) -> Any:
        """Download the file (once) and load it. Raises RuntimeError, with the cure, where that is not possible."""
        from urllib.error import URLError

        from autograd.hub import get_dir, load_state_dict_from_url

        try:
            return load_state_dict_from_url(self.url, progress=progress, check_hash=check_hash)
        except URLError as error:
            raise RuntimeError(
                f"could not download the weights {self.url}: {error.reason}. Put the file into "
                f"{get_dir()}/checkpoints, "
                "or make the model with weights=None"
            ) from error


def weights_of(model: str, **files: str) -> Any:
    """The enumeration of a model's weights, from the file name of each version."""
    members = {version: Weights(_BASE + file) for version, file in files.items()}
    members["DEFAULT"] = list(members.values())[-1]
    made: Any = WeightsEnum
    return made(f"{model}_Weights", members)


def given(weights: Any, pretrained: bool, kind: Any) -> Any:
    """The weights that a caller wants: a member, its name, or (the old way) ``pretrained=True`` for the first one."""
    if pretrained:
        return next(iter(kind))
    if weights is None or isinstance(weights, kind):
        return weights
    if isinstance(weights, str):
        return kind[weights.rpartition(".")[2]]
    raise TypeError(f"expected weights of {kind.__name__} ({', '.join(kind.__members__)}), got {weights!r}")
