"""The table of names agrees with what the libraries themselves say of their metrics."""

import inspect

import numpy as np
import pytest

from convergence_callbacks.metrics import meaning

CATBOOST = """
    RMSE MAE MAPE Poisson Quantile MultiQuantile MultiRMSE LogLinQuantile Lq:q=2 Huber:delta=1 Expectile
    Tweedie:variance_power=1.5 LogCosh FairLoss:smoothness=1 NumErrors:greater_than=1 SMAPE R2 MSLE
    MedianAbsoluteError Logloss CrossEntropy Precision Recall F:beta=2 F1 TotalF1 BalancedAccuracy BalancedErrorRate
    MCC Accuracy AUC QueryAUC NormalizedGini BrierScore HingeLoss HammingLoss ZeroOneLoss Kappa WKappa
    LogLikelihoodOfPrediction MultiClass MultiClassOneVsAll MultiLogloss MultiCrossEntropy PairLogit PairAccuracy
    QueryCrossEntropy QueryRMSE QuerySoftMax PFound NDCG NDCG:top=10;type=Base DCG FilteredDCG PrecisionAt:top=3
    RecallAt:top=3 MAP:top=3 MRR PRAUC RMSEWithUncertainty SurvivalAft Focal:focal_alpha=0.5;focal_gamma=1
"""

WAY = {True: "max", False: "min", None: None}


def mistaken(flags):
    """Names whose direction is another one than the library's; unknown is as bad as wrong."""
    return {name: rises for name, rises in flags.items() if meaning(name).direction != WAY[rises]}


def test_torchmetrics():
    torchmetrics = pytest.importorskip("torchmetrics")
    rooms = ("classification", "clustering", "image", "nominal", "regression", "retrieval", "segmentation", "text")
    classes = {}
    for room in (torchmetrics, *(getattr(torchmetrics, name) for name in rooms if hasattr(torchmetrics, name))):
        classes |= {name: value for name, value in vars(room).items() if inspect.isclass(value)}
    flags = {name: getattr(value, "higher_is_better", None) for name, value in classes.items()}
    flags = {name: rises for name, rises in flags.items() if isinstance(rises, bool)}
    assert len(flags) > 100
    against_its_own_docs = {"WordInfoPreserved", "SpectralDistortionIndex", "DaviesBouldinScore"}
    no_single_number = {"BinaryFairness", "BinaryGroupStatRates", "RetrievalPrecisionRecallCurve"}
    assert set(mistaken(flags)) - no_single_number == against_its_own_docs & set(flags)


def test_keras():
    keras = pytest.importorskip("keras")
    one_of = ({}, {"num_classes": 2}, {"num_classes": 2, "target_class_ids": [0]})
    rates = ({"recall": 0.5}, {"precision": 0.5}, {"specificity": 0.5}, {"sensitivity": 0.5})
    flags = {}
    for kind in vars(keras.metrics).values():
        for given in (*one_of, *rates) if inspect.isclass(kind) and issubclass(kind, keras.Metric) else ():
            try:
                metric = kind(**given)
            except TypeError:
                continue
            flags[f"val_{metric.name}"] = {"up": True, "down": False}.get(getattr(metric, "_direction", None))
    assert len(flags) > 30
    assert mistaken(flags) == {}


def test_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    assert mistaken(dict.fromkeys(metrics.get_scorer_names(), True)) == {}  # its scorers are made so
    functions = [name for name in dir(metrics) if name.endswith(("_score", "_error", "_loss", "_deviance"))]
    flags = {name: name.endswith("_score") and name != "davies_bouldin_score" for name in functions}
    assert mistaken(flags) == {}


def test_catboost():
    library = pytest.importorskip("catboost._catboost")
    flags = {name: library.is_maximizable_metric(name) for name in CATBOOST.split()}
    assert not any(flags[name] and library.is_minimizable_metric(name) for name in flags)
    assert mistaken({f"validation/{name}": rises for name, rises in flags.items()}) == {}


def test_lightgbm():
    lightgbm = pytest.importorskip("lightgbm")
    objectives = {
        "binary": "auc average_precision binary_logloss binary_error cross_entropy cross_entropy_lambda kldiv",
        "regression": "l1 l2 rmse quantile mape huber fair r2",
        "poisson": "poisson gamma gamma_deviance tweedie",
    }
    targets = {"binary": [0, 1] * 20, "regression": list(range(40)), "poisson": list(range(1, 41))}
    flags = {}
    for objective, metrics in objectives.items():
        given = {"objective": objective, "metric": metrics.split(), "verbosity": -1, "num_threads": 1}
        data = lightgbm.Dataset(np.arange(40.0)[:, None], targets[objective])

        def record(env):
            flags.update({f"{row[0]}'s {row[1]}": row[3] for row in env.evaluation_result_list})

        lightgbm.train(given, data, 1, valid_sets=[data], valid_names=["valid_1"], callbacks=[record])
    assert len(flags) > 15
    against_its_own_docs = {"valid_1's r2"}  # of 4.7: only names that begin with auc, map@ and the like count as rising
    assert set(mistaken(flags)) <= against_its_own_docs


def test_xgboost():
    callback = pytest.importorskip("xgboost.callback")
    table = inspect.getsource(callback.EarlyStopping)
    table = table[table.index("maximize_metrics = (") :]
    rises = [line.strip(' ",') for line in table[: table.index(")")].splitlines()[1:]]
    rises = [name.rstrip("@") for name in rises if name]
    assert {"auc", "ndcg", "map"} <= set(rises)
    assert mistaken({f"validation_0-{name}": True for name in rises}) == {}
    assert mistaken({f"validation_0-{name}@5": True for name in rises}) == {}
