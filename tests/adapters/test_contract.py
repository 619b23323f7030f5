"""Every integration that ships is put through what every integration promises, on a real small training in it."""

import pytest

from convergence_callbacks.testing import CALLBACK_CHECKS
from tests.adapters.contract import ADAPTERS, Adapter


@pytest.fixture(autouse=True)
def installed(adapter: Adapter):
    adapter.skip_unless_installed()


@pytest.mark.parametrize("adapter", ADAPTERS, ids=str)
@pytest.mark.parametrize("check", CALLBACK_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.filterwarnings("ignore:.*Mean of empty slice.*:RuntimeWarning")
def test_it_keeps_the_promise(adapter, check, tmp_path):
    check(adapter.integration, tmp_path)
