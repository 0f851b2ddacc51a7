"""Teach the encoder: a ResNet-18 on simulated glitches, step by step."""

import copy
import json
import logging
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from glitch_explorer.core import files
from glitch_explorer.core.threads import one_thread
from glitch_explorer.embed.network import Network, untrained_body
from glitch_explorer.embed.precision import has_bfloat16
from glitch_explorer.encoder.augment import augment
from glitch_explorer.encoder.bank import Bank, make_bank
from glitch_explorer.encoder.batches import draw_batch, index_bank
from glitch_explorer.encoder.classes import SEEN
from glitch_explorer.encoder.loss import supervised_contrastive
from glitch_explorer.encoder.validation import validate

_LOG = logging.getLogger(__name__)

ARCHITECTURE = "resnet18"
#: The first share of the steps sees pictures of half the side: four times as fast.
COARSE_SHARE = 0.7
#: Softmax temperature, weight of pairs of different lengths, label smoothing and weight of the classes.
TEMPERATURE, ACROSS, SMOOTHING, CLASS_WEIGHT = 0.1, 0.3, 0.1, 0.5
#: Share of the steps in which the rate of learning rises; decay of the weights.
WARM_UP, DECAY = 0.08, 0.05
#: Parts of a batch that are taught side by side.
PARTS = 2
#: What is noted at each checkpoint.
COLUMNS = ("step", "loss", "view_seen", "view_unseen", "fused_seen", "fused_unseen")
#: Length of the vectors that are compared in training.
PROJECTION = 128


@dataclass(frozen=True)
class Recipe:
    """What a training is made with.

    Attributes
    ----------
    seed
        Of everything.
    glitches, validation_glitches
        Drawn for training and for validation.
    steps, batch
        Steps, and pictures in each.
    learning_rate
        The highest.
    checkpoint_steps
        Steps between checkpoints, each with a validation.
    """

    seed: int
    glitches: int
    validation_glitches: int
    steps: int
    batch: int
    learning_rate: float
    checkpoint_steps: int


class Student(nn.Module):
    """The network with the two layers that only training needs."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.network = Network(untrained_body(ARCHITECTURE, seed=seed).eval())
        n = self.network.dimension
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            self.projection = nn.Sequential(nn.Linear(n, n), nn.ReLU(), nn.Linear(n, PROJECTION))
            self.classes = nn.Linear(n, len(SEEN))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Turn pictures ``(b, 3, H, W)`` into projections of length 1 and class scores."""
        features = self.network.body(pictures).flatten(1).float()
        return functional.normalize(self.projection(features), dim=1), self.classes(features)


def rate_at(step: int, recipe: Recipe) -> float:
    """Give the rate of learning: a straight rise, then half a cosine down to nothing."""
    rise = max(1.0, WARM_UP * recipe.steps)
    if step < rise:
        return recipe.learning_rate * (step + 1) / rise
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - rise) / (recipe.steps - rise)))


class Training:
    """A training that can stop after any checkpoint and go on from there.

    On a CPU a batch is taught in `PARTS`, each by a copy of the student on one thread: the sums do
    not depend on the number of threads, and no thread waits for another within a layer.
    """

    def __init__(self, recipe: Recipe, bank: Bank, *, device: str) -> None:
        self.recipe, self.bank, self.device = recipe, bank, device
        self.index = index_bank(bank)
        self.student = Student(recipe.seed).to(device)
        self.copies = [copy.deepcopy(self.student) for _ in range(PARTS)]
        weights = [value for value in self.student.parameters() if value.ndim > 1]
        others = [value for value in self.student.parameters() if value.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": weights, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
        )
        self.step = 0
        self.history: list[dict[str, Any]] = []

    def _loss(self, student: Student, step: int, part: int) -> Tensor:
        """Give the loss of one part of a step."""
        recipe, number = self.recipe, step * PARTS + part
        glitches, lengths = draw_batch(self.index, views=recipe.batch // PARTS, seed=recipe.seed, step=number)
        pixels = torch.from_numpy(self.bank.views[glitches, lengths])[:, None].to(self.device)
        pictures = Network.colours(augment(pixels, seed=recipe.seed, step=number))
        if step < COARSE_SHARE * recipe.steps:
            pictures = functional.avg_pool2d(pictures, 2)
        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=has_bfloat16(self.device)):
            vectors, scores = student(pictures.contiguous(memory_format=torch.channels_last))
        labels = torch.from_numpy(self.bank.labels[glitches]).to(self.device)
        alike = supervised_contrastive(
            vectors.float(),
            labels,
            torch.from_numpy(lengths).to(self.device),
            temperature=TEMPERATURE,
            across=ACROSS,
        )
        seen = labels < len(SEEN)
        named = functional.cross_entropy(scores[seen].float(), labels[seen], label_smoothing=SMOOTHING)
        return alike + CLASS_WEIGHT * named

    def _teach(self, step: int, part: int) -> float:
        """Leave the gradients of one part of a step in its copy of the student."""
        student = self.copies[part]
        student.load_state_dict(self.student.state_dict())
        student.zero_grad()
        loss = self._loss(student.train(), step, part)
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _take(self, step: int, losses: list[float]) -> float:
        """Take a step along the mean of the parts' gradients; running means are averaged, too."""
        everyone = (self.student, *self.copies)
        for value, *parts in zip(*(one.parameters() for one in everyone), strict=True):
            value.grad = torch.stack([part.grad for part in parts if part.grad is not None]).mean(0)
        for running, *others in zip(*(one.buffers() for one in everyone), strict=True):
            running.copy_(torch.stack(others).to(torch.float64).mean(0))
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(step, self.recipe)
        self.optimizer.step()
        return sum(losses) / PARTS

    def run(self, until: int, *, threads: int) -> None:
        """Take steps up to `until`."""
        losses = []
        steps = range(self.step, until)
        parallel = min(threads, PARTS) if torch.device(self.device).type == "cpu" else 1
        with one_thread(), ThreadPoolExecutor(parallel, "train", torch.set_num_threads, (1,)) as pool:
            for step in tqdm(steps, initial=self.step, total=self.recipe.steps, mininterval=10):
                teach = partial(self._teach, step)
                losses.append(self._take(step, list(pool.map(teach, range(PARTS)))))
        self.step = until
        self.history.append({"step": until, "loss": round(float(np.mean(losses)), 5)})

    def save(self, folder: Path) -> None:
        """Write the checkpoint of this step, then its note; an older one goes."""
        tensors = {f"student.{name}": value for name, value in self.student.state_dict().items()}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items()}
        path = folder / f"checkpoint-{self.step}.safetensors"
        kept = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
        with files.whole(path) as temporary:
            save_file(kept, temporary)
        note = {"step": self.step, "recipe": asdict(self.recipe), "history": self.history}
        files.write_json(folder / "checkpoint.json", note)
        for other in folder.glob("checkpoint-*.safetensors"):
            if other != path:
                other.unlink()

    def restore(self, folder: Path) -> None:
        """Go on from the checkpoint in `folder`, if there is one of this recipe."""
        note_path = folder / "checkpoint.json"
        if not note_path.exists():
            return
        note = json.loads(note_path.read_text(encoding="utf-8"))
        if note["recipe"] != asdict(self.recipe):
            return
        tensors = load_file(folder / f"checkpoint-{note['step']}.safetensors", device=self.device)
        states: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            owner, _, rest = name.partition(".")
            if owner == "optimizer":
                number, _, part = rest.partition(".")
                states.setdefault(int(number), {})[part] = value.cpu() if part == "step" else value
        student = {
            name.removeprefix("student."): value
            for name, value in tensors.items()
            if name.startswith("student.")
        }
        self.student.load_state_dict(student)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": states, "param_groups": groups})
        self.step, self.history = note["step"], note["history"]
        _LOG.info("going on from step %d", self.step)


def train_encoder(
    out: str | Path, work: str | Path, *, recipe: Recipe, device: str, threads: int
) -> pd.DataFrame:
    """Train the encoder and write it to `out` as safetensors of half precision.

    Parameters
    ----------
    out
        The weights: the state dict of a torchvision ResNet-18 without its last layer.
    work
        Folder for what a stopped training goes on from.
    recipe
        What to train with.
    device
        ``"cpu"`` or ``"cuda"``.
    threads
        CPU threads.

    Returns
    -------
    DataFrame
        Loss and validation by step.
    """
    folder = Path(work)
    folder.mkdir(parents=True, exist_ok=True)
    draw = {"seed": recipe.seed, "threads": threads}
    bank = make_bank(folder, glitches=recipe.glitches, validation=False, **draw)
    held = make_bank(folder, glitches=recipe.validation_glitches, validation=True, **draw)
    training = Training(recipe, bank, device=device)
    training.restore(folder)
    while training.step < recipe.steps:
        training.run(min(training.step + recipe.checkpoint_steps, recipe.steps), threads=threads)
        training.history[-1] |= validate(training.student.network, held, device=device, threads=threads)
        _LOG.info("%s", training.history[-1])
        training.save(folder)
    body = training.student.network.body.state_dict()
    half = {
        name: (value.half() if value.is_floating_point() else value).cpu().contiguous()
        for name, value in body.items()
    }
    with files.whole(out) as temporary:
        save_file(half, temporary, metadata={"architecture": ARCHITECTURE})
    return pd.DataFrame(training.history, columns=list(COLUMNS))
