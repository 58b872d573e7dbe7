import os
from pathlib import Path

import pytest

from sulcus_training import run_record
from sulcus_training.generate_data import write_data

os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals have their own tests; whole runs need none that are exact."""
    monkeypatch.setattr(run_record, "RESAMPLES", 20)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five people of every label, three slices each."""
    folder = tmp_path_factory.mktemp("data")
    write_data(folder, people=5, slices=3, seed=0)
    return folder
