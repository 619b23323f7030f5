"""The readers, one format a file; `OURS` lists them; of two that are equally sure of a file, the first one reads it."""

from convergence_callbacks.logs.reader import Reader
from convergence_callbacks.logs.readers.allennlp import AllenNlp
from convergence_callbacks.logs.readers.catboost import CatBoost
from convergence_callbacks.logs.readers.catboost_errors import CatBoostErrors
from convergence_callbacks.logs.readers.console_log import ConsoleLog
from convergence_callbacks.logs.readers.decision_record import DecisionRecords
from convergence_callbacks.logs.readers.deeplabcut import DeepLabCut
from convergence_callbacks.logs.readers.delimited import Delimited
from convergence_callbacks.logs.readers.dvclive import DvcLive
from convergence_callbacks.logs.readers.evals_result import EvalsResult
from convergence_callbacks.logs.readers.history_json import HistoryJson
from convergence_callbacks.logs.readers.json_lines import JsonLines
from convergence_callbacks.logs.readers.lfs_pointer import LfsPointer
from convergence_callbacks.logs.readers.loss_files import LossFiles
from convergence_callbacks.logs.readers.mlflow_files import MlflowFiles
from convergence_callbacks.logs.readers.mlflow_sqlite import MlflowSqlite
from convergence_callbacks.logs.readers.notebook import Notebook
from convergence_callbacks.logs.readers.pickled import Pickled
from convergence_callbacks.logs.readers.tensorboard import TensorBoard
from convergence_callbacks.logs.readers.tensorboard_csv import TensorBoardCsv
from convergence_callbacks.logs.readers.trainer_state import TrainerState
from convergence_callbacks.logs.readers.ultralytics import Ultralytics
from convergence_callbacks.logs.readers.wandb_chart import WandbChart
from convergence_callbacks.logs.readers.wandb_run import WandbRun
from convergence_callbacks.logs.readers.yolo_results import YoloResults

OURS: tuple[type[Reader], ...] = (
    LfsPointer,
    DecisionRecords,
    TensorBoard,
    WandbRun,
    MlflowFiles,
    MlflowSqlite,
    TrainerState,
    CatBoost,
    CatBoostErrors,
    DeepLabCut,
    LossFiles,
    EvalsResult,
    JsonLines,
    HistoryJson,
    Ultralytics,
    WandbChart,
    TensorBoardCsv,
    AllenNlp,
    DvcLive,
    YoloResults,
    Pickled,
    Notebook,
    ConsoleLog,
    Delimited,
)
