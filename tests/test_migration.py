"""The page of migration names every argument of the stock stoppers that are installed."""

import importlib
import importlib.util
import inspect
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "migration.md"
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL))

STOCK = {
    "Lightning: `EarlyStopping`": ("lightning.pytorch.callbacks", "EarlyStopping"),
    "Keras: `EarlyStopping`": ("keras.callbacks", "EarlyStopping"),
    "Transformers: `EarlyStoppingCallback`": ("transformers", "EarlyStoppingCallback"),
    "Ignite: `EarlyStopping`": ("ignite.handlers", "EarlyStopping"),
    "skorch: `EarlyStopping`": ("skorch.callbacks", "EarlyStopping"),
    "XGBoost: `EarlyStopping`": ("xgboost.callback", "EarlyStopping"),
    "LightGBM: `early_stopping`": ("lightgbm", "early_stopping"),
    "CatBoost: the overfitting detector": ("catboost", "CatBoostClassifier"),
    "scikit-learn: `early_stopping=True`": ("sklearn.ensemble", "HistGradientBoostingClassifier"),
    "Ray Tune: `TrialPlateauStopper`": ("ray.tune.stopper", "TrialPlateauStopper"),
    "Optuna: `PatientPruner`": ("optuna.pruners", "PatientPruner"),
}
ENDS_A_TRAINING = {  # of estimators, whose other arguments are about the model
    "catboost": {"od_type", "od_wait", "od_pval", "early_stopping_rounds", "use_best_model"},
    "sklearn.ensemble": {"early_stopping", "validation_fraction", "n_iter_no_change", "tol", "scoring", "max_iter"},
}


def arguments_in_the_table(section):
    return re.findall(r"^\| `(\w+)` \|", SECTIONS[section], re.MULTILINE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("section", STOCK)
def test_each_argument_of_the_stock_stopper_is_in_its_table(section):
    module, name = STOCK[section]
    if importlib.util.find_spec(module.split(".")[0]) is None:
        return
    accepted = set(inspect.signature(getattr(importlib.import_module(module), name)).parameters)
    named = arguments_in_the_table(section)
    assert len(named) == len(set(named))
    assert set(named) == (accepted & ENDS_A_TRAINING[module] if module in ENDS_A_TRAINING else accepted)


def test_every_table_is_held():
    assert set(STOCK) == set(SECTIONS)
