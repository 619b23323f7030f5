"""Each known defect shows in the framework's own callback, and not in ours."""

import warnings

import pytest

keras = pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")
lightning = pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")

from convergence_callbacks.keras import EarlyStopping as OursInKeras
from convergence_callbacks.lightning import EarlyStopping as OursInLightning
from tests.defects import keras_defects, lightning_defects
from tests.defects.table import PAGE, page


@pytest.mark.parametrize("defect", lightning_defects.DEFECTS, ids=str)
def test_a_defect_of_lightnings_shows_there_and_not_here(defect, tmp_path):
    assert defect.shows(lightning.pytorch.callbacks.EarlyStopping, tmp_path / "theirs")
    assert not defect.shows(OursInLightning, tmp_path / "ours")


@pytest.mark.parametrize("defect", keras_defects.DEFECTS, ids=str)
def test_a_defect_of_kerass_shows_there_and_not_here(defect, tmp_path):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(invalid|inf).*", category=RuntimeWarning)
        assert defect.shows(keras.callbacks.EarlyStopping, tmp_path / "theirs")
    assert not defect.shows(OursInKeras, tmp_path / "ours")


def test_the_page_lists_them():
    assert PAGE.read_text() == page(), "run make defects"
