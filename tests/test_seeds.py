"""The same training from several seeds."""

import json

import pytest
import yaml

from pipeline.errors import InputError
from pipeline.params import load_params
from pipeline.seeds import seeds
from tests.conftest import ROOT


def _evaluation(folder, n=10, macro_f1=0.5):
    folder.mkdir()
    row = {"n": n, "speeches": 2, "macro_f1": macro_f1, "f1": {"yes": macro_f1, "no": 0.0}, "baseline_macro_f1": {}}
    (folder / "metrics.json").write_text(json.dumps(row))
    return folder


def test_mean_and_standard_deviation(tmp_path):
    folders = [_evaluation(tmp_path / str(i), macro_f1=value) for i, value in enumerate((0.5, 0.7, 0.6))]
    result = seeds(folders, tmp_path / "seeds.json")
    assert result == json.loads((tmp_path / "seeds.json").read_text())
    assert result["measures"]["macro_f1"]["mean"] == pytest.approx(0.6)
    assert result["measures"]["macro_f1"]["standard_deviation"] == pytest.approx(0.1)
    assert result["f1"]["no"]["standard_deviation"] == 0.0
    with pytest.raises(InputError, match="other.*10 statements"):
        seeds([*folders, _evaluation(tmp_path / "other", n=9)], tmp_path / "x.json")


def test_an_offset_changes_the_seed_alone():
    params = load_params(ROOT / "configs/params.yaml")
    moved = params.with_seed(2)
    assert moved.runtime.seed == params.runtime.seed + 2
    assert moved.with_seed(-2) == params


def test_the_seeds_stages_depend_on_what_the_main_ones_do():
    main = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    ours = yaml.safe_load((ROOT / "data/seeds/dvc.yaml").read_text())["stages"]
    for name in ("train", "evaluate"):
        entry = ours[name]["do"]
        assert entry["params"] == main[name]["params"]
        assert [d.replace("models/seeds/${item}", "models/stance") for d in entry["deps"]] == main[name]["deps"]
