"""What the executor gives to HTCondor, as the ClassAds that the real bindings make of it."""

import json
import os
import re
import subprocess
import sys

import pytest
import yaml

pytestmark = pytest.mark.slow

TAG = {"ACCOUNTING_GROUP": "ligo.dev.o4.detchar.explore", "ACCOUNTING_USER": "albert.einstein"}


@pytest.fixture(scope="module")
def ads(root, executors, finished, tmp_path_factory) -> list[dict]:
    """Return the ClassAds of all jobs of the small demo, in the order of submission."""
    folder = tmp_path_factory.mktemp("htcondor")
    project = finished.clone(folder / "run")
    command = [sys.executable, "-m", "tests.grid.paper_pool", finished.folder, folder / "ads"]
    command += ["--configfile", "study.yaml", "--workflow-profile", "profiles/htcondor", "--forceall"]
    command += ["--seconds-between-status-checks", "1", "--latency-wait", "5"]
    done = subprocess.run(
        command,
        cwd=project.folder,
        env=os.environ | TAG | {"PYTHONPATH": f"{project.folder / 'src'}:{root}:{executors}"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return [json.loads(line) for line in (folder / "ads").read_text().splitlines()]


@pytest.fixture(scope="module")
def stated(root) -> dict[str, tuple[int, int, int]]:
    """Return memory (MB), what its input may add here and threads of each rule that is submitted."""
    found, cores = {}, yaml.safe_load((root / "profiles/htcondor/profile.yaml").read_text())["cores"]
    for path in (root / "rules").glob("*.smk"):
        for rule in re.split(r"^(?:rule|checkpoint) ", path.read_text(), flags=re.MULTILINE)[1:]:
            if "needs(" in rule and "localrule" not in rule:
                memory, threads = (re.search(p, rule)[1] for p in (r"mem_mb=(\d+)", r"threads: (\w+)"))
                threads = 16 if threads == "half_the_cores" else int(threads)
                more = 20 if "times_input" in rule else 0
                found[rule.split(":")[0]] = int(memory), more, min(threads, cores)
    return found


def name_of(ad: dict) -> str:
    return ad["JobBatchName"].split("-")[0]


def test_every_rule_arrives_with_its_memory_and_cores(ads, stated):
    single = [ad for ad in ads if name_of(ad) in stated]
    for ad in single[::-1]:  # the first job of the catalogue fails
        memory, more, threads = stated[name_of(ad)]
        assert ad["RequestCpus"] == threads, ad["JobBatchName"]
        attempt = ad["RequestMemory"] // memory
        assert attempt in ({1, 2} if name_of(ad) == "catalog" else {1}), name_of(ad)
        assert 0 <= ad["RequestMemory"] - attempt * memory <= more, name_of(ad)
        assert ad["RequestDisk"] >= 4000 * 1024
        assert "RequestGPUs" not in ad
    bundled = {"make_views", "embed_shard", "couple_family", "explain_family"}
    asked_for = {"train_encoder", "evaluate_encoder", "place", "similar_one", "similar_answers"}
    asked_for |= {"export_embedding_atlas"}
    # Families of labels or of a file, auxiliary triggers, and a month of counts: the small demo has none.
    of_others = {"group_families", "audit_groups", "group_pages", "compare_families"}
    of_others |= {"couple_triggers", "coincidence_pages", "month_rates"}
    assert {name_of(ad) for ad in single} == set(stated) - bundled - asked_for - of_others


def test_every_job_is_accounted_for_and_ends(ads):
    for ad in ads:
        assert ad["AcctGroup"] == TAG["ACCOUNTING_GROUP"]
        assert ad["AcctGroupUser"] == TAG["ACCOUNTING_USER"]
        assert ad["AccountingGroup"] == "ligo.dev.o4.detchar.explore.albert.einstein"
        assert ad["AllowedExecuteDuration"] >= 3 * 86400
        assert "HOME=" in ad["Environment"]


def test_a_second_attempt_asks_for_more(ads):
    first, second = (ad for ad in ads if name_of(ad) == "catalog")
    assert second["RequestMemory"] == 2 * first["RequestMemory"]
    assert second["RequestDisk"] == 2 * first["RequestDisk"]


def test_small_jobs_go_in_bundles(ads):
    bundles = {name_of(ad): ad for ad in ads if re.match("views_|vectors_|family_", ad["JobBatchName"])}
    assert set(bundles) == {"views_make_views", "vectors_embed_shard", "family_couple_family_explain_family"}
    vectors = bundles["vectors_embed_shard"]
    assert (vectors["RequestGPUs"], vectors["GPUsMinMemory"], vectors["RequestCpus"]) == (1, 8000, 4)
    assert vectors["RequestMemory"] == 4000
    family = bundles["family_couple_family_explain_family"]
    assert family["RequestMemory"] == 4000 * family["RequestCpus"]
    assert "RequestGPUs" not in family
