"""Training of the encoder: a ResNet-18 on simulated glitches."""

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
#: Share of the steps, the first ones, that use views of half the side, which is four times as fast.
COARSE_SHARE = 0.7
#: Softmax temperature, weight of pairs of different lengths, label smoothing and weight of the classes.
TEMPERATURE, ACROSS, SMOOTHING, CLASS_WEIGHT = 0.1, 0.3, 0.1, 0.5
#: Share of the steps in which the learning rate rises; weight decay.
WARM_UP, DECAY = 0.08, 0.05
#: Parts of a batch that are computed in parallel.
PARTS = 2
#: Columns of the history, one row per checkpoint.
COLUMNS = ("step", "loss", "view_seen", "view_unseen", "fused_seen", "fused_unseen")
#: Dimension of the vectors that are compared in training.
PROJECTION = 128


@dataclass(frozen=True)
class Recipe:
    """Settings of a training.

    Attributes
    ----------
    seed
        Seed of all random numbers.
    glitches, validation_glitches
        Glitches drawn for training and for validation.
    steps, batch
        Number of steps, and of views in each.
    learning_rate
        Highest learning rate.
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
    """The network with the two layers that are used in training only."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.network = Network(untrained_body(ARCHITECTURE, seed=seed).eval())
        n = self.network.dimension
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            self.projection = nn.Sequential(nn.Linear(n, n), nn.ReLU(), nn.Linear(n, PROJECTION))
            self.classes = nn.Linear(n, len(SEEN))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return projections of length 1 and class scores of views ``(b, 3, H, W)``."""
        features = self.network.body(pictures).flatten(1).float()
        return functional.normalize(self.projection(features), dim=1), self.classes(features)


def rate_at(step: int, recipe: Recipe) -> float:
    """Return the learning rate: a linear rise, then half a cosine down to zero."""
    rise = max(1.0, WARM_UP * recipe.steps)
    if step < rise:
        return recipe.learning_rate * (step + 1) / rise
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - rise) / (recipe.steps - rise)))


class Training:
    """A training that can stop after any checkpoint and continue from it.

    On a CPU a batch is computed in `PARTS`, each by a copy of the student on one thread: the sums do
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
        """Return the loss of one part of a step."""
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

    def _gradients(self, step: int, part: int) -> float:
        """Compute the gradients of one part of a step in its copy of the student; return the loss."""
        student = self.copies[part]
        student.load_state_dict(self.student.state_dict())
        student.zero_grad()
        loss = self._loss(student.train(), step, part)
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _update(self, step: int, losses: list[float]) -> float:
        """Step along the mean of the parts' gradients, average their running means, return the loss."""
        students = (self.student, *self.copies)
        for value, *parts in zip(*(student.parameters() for student in students), strict=True):
            value.grad = torch.stack([part.grad for part in parts if part.grad is not None]).mean(0)
        for running, *others in zip(*(student.buffers() for student in students), strict=True):
            running.copy_(torch.stack(others).to(torch.float64).mean(0))
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(step, self.recipe)
        self.optimizer.step()
        return sum(losses) / PARTS

    def run(self, until: int, *, threads: int) -> None:
        """Train up to step `until`."""
        losses = []
        steps = range(self.step, until)
        parallel = min(threads, PARTS) if torch.device(self.device).type == "cpu" else 1
        with one_thread(), ThreadPoolExecutor(parallel, "train", torch.set_num_threads, (1,)) as pool:
            for step in tqdm(steps, initial=self.step, total=self.recipe.steps, mininterval=10):
                gradients = partial(self._gradients, step)
                losses.append(self._update(step, list(pool.map(gradients, range(PARTS)))))
        self.step = until
        self.history.append({"step": until, "loss": round(float(np.mean(losses)), 5)})

    def save(self, folder: Path) -> None:
        """Write the checkpoint of this step and its record, then remove older ones."""
        tensors = {f"student.{name}": value for name, value in self.student.state_dict().items()}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items()}
        path = folder / f"checkpoint-{self.step}.safetensors"
        stored = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
        with files.whole(path) as temporary:
            save_file(stored, temporary)
        record = {"step": self.step, "recipe": asdict(self.recipe), "history": self.history}
        files.write_json(folder / "checkpoint.json", record)
        for other in folder.glob("checkpoint-*.safetensors"):
            if other != path:
                other.unlink()

    def restore(self, folder: Path) -> None:
        """Continue from the checkpoint in `folder`, if there is one of this recipe."""
        path = folder / "checkpoint.json"
        if not path.exists():
            return
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["recipe"] != asdict(self.recipe):
            return
        tensors = load_file(folder / f"checkpoint-{record['step']}.safetensors", device=self.device)
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
        self.step, self.history = record["step"], record["history"]
        _LOG.info("continuing from step %d", self.step)


def train_encoder(
    out: str | Path, work: str | Path, *, recipe: Recipe, device: str, threads: int
) -> pd.DataFrame:
    """Train the encoder and write its weights as safetensors in half precision.

    Parameters
    ----------
    out
        File to write: the state dict of a torchvision ResNet-18 without its last layer.
    work
        Folder of checkpoints and drawn glitches, from which a stopped training continues.
    recipe
        Settings of the training.
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
    unseen = make_bank(folder, glitches=recipe.validation_glitches, validation=True, **draw)
    training = Training(recipe, bank, device=device)
    training.restore(folder)
    while training.step < recipe.steps:
        training.run(min(training.step + recipe.checkpoint_steps, recipe.steps), threads=threads)
        training.history[-1] |= validate(training.student.network, unseen, device=device, threads=threads)
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
