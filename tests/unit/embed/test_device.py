"""Claiming a GPU: on a workstation, under a scheduler, and where there is none."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from glitch_explorer.embed import device
from glitch_explorer.embed.device import claimed_device, count_gpus


def test_the_module_imports_no_torch() -> None:
    code = "import sys, glitch_explorer.embed.device; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


def test_each_job_gets_a_gpu_of_its_own(tmp_path: Path) -> None:
    one: dict[str, str] = {"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}
    two: dict[str, str] = {}
    claimed = partial(claimed_device, lock_folder=tmp_path, gpus=2)
    with claimed(one) as first, claimed(two) as second:
        assert (first, second) == ("cuda", "cuda")
        assert [one["CUDA_VISIBLE_DEVICES"], two["CUDA_VISIBLE_DEVICES"]] == ["0", "1"]
    assert (one, two) == ({"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}, {})
    with claimed(two):
        assert two["CUDA_VISIBLE_DEVICES"] == "0"


def test_a_job_waits_for_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = FileLock(tmp_path / "gpu0.lock")
    lock.acquire()
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        lock.release()

    monkeypatch.setattr(device.time, "sleep", sleep)
    with claimed_device({}, lock_folder=tmp_path, gpus=1, pause_s=7) as claimed:
        assert claimed == "cuda"
    assert pauses == [7]


def test_a_failed_job_releases_its_gpu(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    with pytest.raises(OSError, match="disk"), claimed_device(environment, lock_folder=tmp_path, gpus=1):
        raise OSError("disk")
    assert environment == {}
    with claimed_device(environment, lock_folder=tmp_path, gpus=1) as claimed:
        assert claimed == "cuda"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"CUDA_VISIBLE_DEVICES": "GPU-8b2c"}, "cuda"),
        ({"CUDA_VISIBLE_DEVICES": ""}, "cpu"),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, "cpu"),
        ({"SLURM_JOB_ID": "17", "CUDA_VISIBLE_DEVICES": "0"}, "cuda"),
        ({"SLURM_JOB_ID": "17"}, "cpu"),
        ({"SLURM_JOB_ID": "17", "CUDA_VISIBLE_DEVICES": "NoDevFiles"}, "cpu"),
        ({"_CONDOR_SLOT": "slot1", "CUDA_VISIBLE_DEVICES": "10000"}, "cpu"),
        ({"CUDA_VISIBLE_DEVICES": " 10000 "}, "cpu"),
        ({"CUDA_VISIBLE_DEVICES": "-1,0"}, "cpu"),
        ({"_CONDOR_SLOT": "slot1", "CUDA_VISIBLE_DEVICES": "GPU-c4a646d7,GPU-6a96bd13"}, "cuda"),
        ({"_CONDOR_SLOT": "slot1", "CUDA_VISIBLE_DEVICES": "3,10000"}, "cuda"),
        ({"CUDA_VISIBLE_DEVICES": "MIG-94cd7c1b"}, "cuda"),
        ({"_CONDOR_SLOT": "slot1"}, "cpu"),
    ],
)
def test_what_a_scheduler_grants_is_used(tmp_path: Path, environment: dict[str, str], expected: str) -> None:
    before = dict(environment)
    with claimed_device(environment, lock_folder=tmp_path / "locks", gpus=4) as claimed:
        assert claimed == expected
        assert environment == before
    assert not (tmp_path / "locks").exists()


def test_without_a_gpu_it_is_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.shutil, "which", lambda name: None)
    assert count_gpus() == 0
    with claimed_device({}, lock_folder=tmp_path) as claimed:
        assert claimed == "cpu"


@pytest.mark.parametrize(
    ("script", "timeout_s", "expected"),
    [
        ("echo 'GPU 0: NVIDIA A (UUID: GPU-1)'; echo 'GPU 1: NVIDIA A (UUID: GPU-2)'", 30, 2),
        ("echo 'No devices were found'", 30, 0),
        ("echo 'driver not loaded'; exit 9", 30, 0),
        ("exec sleep 60", 0.1, 0),
    ],
)
def test_gpus_are_counted_by_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, timeout_s: float, expected: int
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(device.shutil, "which", lambda name: str(program))
    assert count_gpus(timeout_s=timeout_s) == expected
