"""What an older version saved is read, and goes on as if it had never stopped."""

import pytest

pytest.importorskip("torch", reason="needs the extra: pip install 'convergence-callbacks[torch]'")
pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")
pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")
pytest.importorskip("ignite", reason="needs the extra: pip install 'convergence-callbacks[ignite]'")
pytest.importorskip("transformers", reason="needs the extra: pip install 'convergence-callbacks[transformers]'")

import convergence_callbacks
from tests.faults.forms import FORMS, STATES

VERSIONS = sorted(folder.name for folder in STATES.iterdir())
SAVED = [(version, form) for version in VERSIONS for form in FORMS if (STATES / version / form.file).exists()]


@pytest.mark.parametrize(("version", "form"), SAVED, ids=str)
def test_a_state_of_an_earlier_version_goes_on_as_if_it_had_never_stopped(version, form, tmp_path):
    state = form.read(STATES / version / form.file)
    assert form.go_on(state, tmp_path) == form.whole()


def test_each_form_of_this_version_is_kept():
    folder = STATES / convergence_callbacks.__version__
    missing = [form.file for form in FORMS if not (folder / form.file).exists()]
    assert not missing, "run python -m tests.faults.forms"


def test_a_state_from_before_scores_and_rules_were_saved_is_read():
    state = FORMS[2].read(STATES / "0.1.0" / "stopping.json")
    for added in ("scores", "rule"):
        del state[added]
    assert FORMS[2].go_on(state, None) == FORMS[2].whole()
