"""The command `import` gives the nights that EXPECTED.csv says, as `nights` does."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from test_shared_devices import built
from test_shared_exports import EXPORTS, equals_expected, rows_of

from n1trial.data.importers import read_exports
from n1trial.data.nights import nightly, nights_csv
from n1trial.trial_folder.analysis_data import import_exports
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.store import stored_episodes

pytestmark = pytest.mark.skipif(
    EXPORTS is None, reason="the shared sample exports are not beside the project"
)


@pytest.mark.parametrize("sample", rows_of("SAMPLES.csv"), ids=lambda sample: sample["sample"])
def test_import_gives_the_nights_that_were_expected(sample, tmp_path):
    path = built(sample, tmp_path)
    assert equals_expected(sample, "night", path=path)
    folder = make_trial(
        tmp_path / "trial",
        protocol="glycine-vs-magnesium-glycinate",
        start=date(2025, 1, 1),
        seed="0f" * 32,
        home_zone=ZoneInfo(sample["home_tz"]) if sample["home_tz"] else None,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    export = [path or EXPORTS / sample["path"]]
    import_exports(folder, export, now=datetime(2026, 1, 1, tzinfo=UTC), on_note=lambda note: None)
    stored, read = (
        nights_csv(nightly(episodes))
        for episodes in (
            stored_episodes(folder),
            read_exports(export, home_zone=folder.home_zone, on_note=lambda note: None),
        )
    )
    assert stored == read
