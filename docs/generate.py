"""Write what the documentation takes from the code: ``python -m docs.generate``.

`docs/criteria.md` comes from the criteria themselves, `docs/commands.md` from the commands,
`docs/convergence.schema.json` and the tables of `docs/configuration.md` from the settings, and the worked run of
`docs/how-it-works.md` and the moving picture of the README from the rule, the latter of a run that ``make pictures``
trained. Two of the pictures in `docs/verdicts.md` are made here, by gradient descent on a
linear model; the others are those of the demo (``make pictures``).
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path

import numpy as np

from convergence_callbacks import Criterion, Decision, Monitor, Observation
from convergence_callbacks.adapter.settings import OPTIONAL, CallbackSettings
from convergence_callbacks.cli.json_output import SCHEMAS, schemas, written
from convergence_callbacks.config.json_schema import json_schema
from convergence_callbacks.config.template import dump
from convergence_callbacks.config.values import values_of
from convergence_callbacks.core.criterion import Composition
from convergence_callbacks.core.fields import fields_of, listed
from convergence_callbacks.core.spec import known_criteria
from demo.animation import picture_of
from docs.commands import commands_page
from docs.worked_run import worked_run

FOLDER = Path(__file__).parent

INTRODUCTION = """# Criteria

Joined by `|` (any of them) and `&` (all at the same epoch) in Python; in YAML a list means any of them, `all_of` all.
A criterion is written as its name, as its name with its first setting, or as its name with several:

```yaml
criteria:
  - not_learning
  - patience: 10
  - exploding_loss: {times: 5, epochs: 2}
```

Without any, the [default rule](#default) ends a training. `max_epochs` and `target_loss` are limits of their own, and
`stop_on` says which verdicts may end a training. A criterion that reads one curve takes another metric with `of`, see
[several metrics at once](migration.md#several-metrics-at-once).
"""


def criteria_page() -> str:
    """The page that lists every criterion."""
    kinds = [kind for _, kind in sorted(known_criteria().items()) if not issubclass(kind, Composition)]
    own = [kind for kind in kinds if kind.__module__.startswith("convergence_callbacks.")]
    return (INTRODUCTION + "".join(_section(kind) for kind in own)).replace("``", "`")


def _section(kind: type[Criterion]) -> str:
    paragraphs = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
    story = [text for text in paragraphs if not text.startswith(("Args:", ">>>", "Raises:"))]
    fields = fields_of(kind)
    table = "| setting | default | |\n|---|---|---|\n" + "".join(_row(field) for field in fields) if fields else ""
    return (
        f"\n## `{kind.name}`\n\n" + "\n\n".join([f"*{kind.__name__}*. {story[0]}", *story[1:], table]).rstrip() + "\n"
    )


def _row(field: dataclasses.Field[object]) -> str:
    default = "must be given" if field.default is dataclasses.MISSING else f"`{field.default}`"
    default = "" if field.default is None else default
    return f"| `{field.name}` | {default} | {field.metadata['description']} |\n"


def settings_tables(page: str) -> str:
    """A page with its tables of the settings, between the comments that name them, as they are declared now."""
    fields = dataclasses.fields(CallbackSettings)
    all_of_them = "| setting | default | values | |\n|---|---|---|---|\n" + "".join(map(_setting, fields))
    support = "| setting | supported by |\n|---|---|\n" + "".join(
        f"| `{name}` | {listed(only)} |\n" for name, only in OPTIONAL.items()
    )
    for name, table in (("settings", all_of_them), ("support", support)):
        begin, end = f"<!-- {name}: python -m docs.generate -->\n", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return page


def _setting(field: dataclasses.Field[object]) -> str:
    default = "" if field.default is None else f"`{dump(field.default)}`"
    values = values_of(CallbackSettings, field.name).replace("'", "`")
    return f"| `{field.name}` | {default} | {values} | {field.metadata['description']} |\n"


def gradient_descent(lr: float, epochs: int) -> list[Observation]:
    """Mean squared errors of a linear model of diabetes, trained and validated, at each epoch."""
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    x, y = x / x.std(0), (y - y.mean()) / y.std()
    weights, observations = np.zeros(x.shape[1]), []
    for epoch in range(epochs):
        errors = x @ weights - y
        train, val = errors[:300], errors[300:]
        loss = {"train_loss": float((train**2).mean()), "val_loss": float((val**2).mean())}
        observations.append(Observation(step=epoch, lr=lr, **loss))
        weights -= lr * x[:300].T @ train / 300
    return observations


def draw(name: str, title: str, observations: list[Observation]) -> None:
    """A picture for the page of verdicts."""
    from convergence_callbacks.plots import plot_training

    monitor, decisions = Monitor(max_epochs=len(observations)), list[Decision]()
    for observation in observations:
        decisions.append(monitor.observe(observation))
        if decisions[-1].stop:
            break
    plot_training(observations, decisions, title=title).savefig(FOLDER / "pictures" / f"{name}.png")


if __name__ == "__main__":
    (FOLDER / "criteria.md").write_text(criteria_page())
    (FOLDER / "commands.md").write_text(commands_page())
    (FOLDER / "convergence.schema.json").write_text(json.dumps(json_schema(), indent=2) + "\n")
    SCHEMAS.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (SCHEMAS / f"{name}.json").write_text(written(schema), encoding="utf-8")
    configuration = FOLDER / "configuration.md"
    configuration.write_text(settings_tables(configuration.read_text()))
    how = FOLDER / "how-it-works.md"
    how.write_text(worked_run(how.read_text()))
    (FOLDER / "pictures" / "stops.svg").write_text(picture_of(FOLDER / "pictures" / "stops.json"))
    draw("improving", "Linear regression, budget too small", gradient_descent(lr=0.02, epochs=18))
    draw("diverged", "Linear regression, learning rate above 2 / curvature", gradient_descent(lr=0.51, epochs=80))
