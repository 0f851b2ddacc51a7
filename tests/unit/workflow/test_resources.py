"""What a job requests, by attempt, input, threads and GPUs."""

from types import SimpleNamespace

from glitch_explorer.workflow.resources import job_resources

LARGE = SimpleNamespace(size_mb=1000.4)


def test_memory_and_time_grow_with_the_attempt():
    resources = job_resources(lambda wildcards: 0, mem_mb=300, runtime=20)
    assert resources["mem_mb"](None, LARGE, attempt=2, threads=4) == 600
    assert resources["htcondor_request_mem_mb"](None, LARGE, attempt=2, threads=4) == 600
    assert resources["runtime"](None, attempt=3) == 60
    assert "gpu" not in resources


def test_memory_grows_with_the_input_and_the_threads():
    resources = job_resources(lambda wildcards: 0, mem_mb=300, runtime=20, times_input=3, each_thread=0.5)
    assert resources["mem_mb"](None, LARGE, attempt=1, threads=1) == 300 + 3502
    assert resources["mem_mb"](None, LARGE, attempt=1, threads=4) == 300 + 5002


def test_a_gpu_is_requested_by_every_name():
    for count in (0, 1):
        resources = job_resources(lambda wildcards, n=count: n, mem_mb=1, runtime=1, gpu=True)
        assert resources["gpu"](None) == resources["request_gpus"](None) == count
        assert resources["htcondor_gpus_min_mem_mb"](None) == 8000 * count
