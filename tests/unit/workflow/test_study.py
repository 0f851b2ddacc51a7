"""Which files a study's jobs read, told from its config."""

import pytest

from glitch_explorer.core.errors import UserError
from glitch_explorer.workflow.config import check_config, load_schema
from glitch_explorer.workflow.study import Study


@pytest.fixture
def study_of(root, tmp_path):
    schema = load_schema(root / "config/schemas/config.schema.yaml")

    def make(**sections) -> Study:
        source = {"kind": "catalogue", "paths": [str(tmp_path / "glitches.csv")]}
        return Study(check_config({"source": source, **sections}, schema), root)

    return make


def test_frames_are_inputs_where_the_workflow_makes_them(study_of):
    made = "results/observatory/frames/{ifo}"
    study = study_of(detectors=["H1", "L1"], strain={"source": "frames", "frames": made})
    assert study.frames("strain") == ["results/observatory/frames/H1", "results/observatory/frames/L1"]
    assert study.frames("strain", "L1") == study.range_frames("L1") == ["results/observatory/frames/L1"]
    assert study_of(strain={"source": "frames", "frames": "data/{ifo}"}).frames("strain") == []


def test_weights_are_an_input_unless_they_ship_with_the_project(study_of):
    def weights(name):
        return study_of().weights_of({"backbone": "resnet18", "weights": name})

    assert weights("IMAGENET1K_V1") == "results/weights/resnet18-IMAGENET1K_V1.safetensors"
    assert weights("own.safetensors") == "own.safetensors"
    assert weights("untrained") == weights("resources/encoders/glitch_resnet18.safetensors") == []
    assert study_of().weights_digest({"weights": "own.safetensors"}) is None


def test_what_is_missing_is_named(study_of, tmp_path):
    with pytest.raises(
        UserError, match=r"no file resources/channels/none.csv; see resources/channels/README"
    ):
        study_of().digests(["own.csv", "resources/channels/none.csv"])
    with pytest.raises(UserError, match=r"place\.onto is not set"):
        study_of().old_map()
    download = {"record": 5649212, "files": ["glitches.csv"], "folder": str(tmp_path)}
    with pytest.raises(UserError, match="snakemake --cores 1 download"):
        study_of(download=download).source_files()


def test_folders_of_pictures_are_no_files(study_of, tmp_path):
    (tmp_path / "glitches.csv").mkdir()
    assert study_of().source_files() == []
