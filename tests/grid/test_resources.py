"""What the jobs of every rule request, whatever runs them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from snakemake.api import SnakemakeApi
from snakemake.iocontainers import InputFiles
from snakemake.settings.types import ConfigSettings, ResourceSettings


@pytest.fixture(scope="module")
def rules(root, tmp_path_factory):
    """Return the rules that run something, as snakemake reads them with the embedded config."""
    with SnakemakeApi() as api:
        workflow = api.workflow(
            snakefile=root / "Snakefile",
            workdir=tmp_path_factory.mktemp("rules"),
            resource_settings=ResourceSettings(cores=8, resources={"gpu": 2}),
            config_settings=ConfigSettings(configfiles=[root / "config/config.yaml"]),
        )._workflow
        yield [rule for rule in workflow.rules if not rule.norun]


class Large(InputFiles):
    """Input of 1,000 MB."""

    size_mb = 1000


NO_FILES = InputFiles()


def resources_of(rule, attempt: int, files: InputFiles = NO_FILES) -> dict:
    """Return the resources of a job of a rule; in a thread, since Snakemake starts an event loop for them."""
    with ThreadPoolExecutor(1) as pool:
        expanded = pool.submit(rule.expand_resources, None, files, attempt)
    return dict(expanded.result().items())


def test_every_rule_asks_for_more_with_each_attempt(rules):
    assert len(rules) > 40
    for rule in rules:
        first, third = resources_of(rule, 1), resources_of(rule, 3)
        for name in ("mem_mb", "htcondor_request_mem_mb", "runtime"):
            assert third[name] == 3 * first[name] > 0, (rule.name, name)
        assert first["htcondor_request_mem_mb"] == first["mem_mb"], rule.name


def test_jobs_that_hold_all_vectors_ask_for_more_where_there_are_more(rules):
    more = {
        rule.name: resources_of(rule, 1, Large())["mem_mb"] - resources_of(rule, 1)["mem_mb"]
        for rule in rules
    }
    holding = {"map_graph", "map_layout", "map_families", "map_stability", "audit_labels", "audit_probe"}
    assert {name for name, amount in more.items() if amount} == holding
    assert more.pop("map_stability") == 2000 + 4 * 500  # re-runs side by side, on half of the cores
    assert {amount for amount in more.values() if amount} == {3000}


def gpu_names(rule) -> list:
    return [resources_of(rule, 1).get(name) for name in ("gpu", "request_gpus", "htcondor_gpus_min_mem_mb")]


def test_rules_that_can_use_a_gpu_say_so_by_every_name(rules):
    named = {rule.name for rule in rules if "gpu" in resources_of(rule, 1)}
    assert named == {"embed_shard", "train_encoder", "evaluate_encoder"}
    for rule in rules:
        assert gpu_names(rule) == ([1, 1, 8000] if rule.name in named else [None] * 3), rule.name


@pytest.mark.parametrize(("devices", "gpus"), [("3", 1), ("", 0), ("NoDevFiles", 0)])
def test_a_job_on_a_grid_asks_its_steps_for_the_gpus_that_it_has(rules, monkeypatch, devices, gpus):
    embed = next(rule for rule in rules if rule.name == "embed_shard")
    monkeypatch.setattr(type(embed.workflow), "remote_exec", True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
    assert gpu_names(embed) == [gpus, gpus, 8000 * gpus]


def test_what_needs_the_network_stays_where_it_is(rules):
    local = rules[0].workflow._localrules
    assert {"download", "segments", "events", "weights"} <= local
    assert not local & {"catalog", "make_views", "embed_shard", "couple_family", "explain_family"}
