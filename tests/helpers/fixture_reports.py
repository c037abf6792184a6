"""One report for every way in which a trial can end: what the page, the text and the browser are tried on."""

from collections.abc import Callable
from dataclasses import replace

import by_hand
import numpy as np
import pandas as pd
from paths import PROTOCOLS

from n1trial.analysis.effects import Conflict, estimate_effects
from n1trial.data.nights import Nights
from n1trial.design.contrast import Contrast
from n1trial.design.protocol import read_protocol
from n1trial.report import Material

PROTOCOL = read_protocol(PROTOCOLS / "glycine-vs-magnesium-glycinate.yaml")
SETTLED_ABOUT = {
    "registration": "osf.io/pretend",
    "funding": "none",
    "setting": "at home, one person, winter and spring",
    "person": "one adult who sleeps badly and takes no other supplement",
}
FEATURES = pd.DataFrame(
    {
        "statistic": [
            "likeness of one night to the next",
            "spread within a period, min",
            "shortest night, min",
        ],
        "recorded": [0.03, 52.0, 171.0],
        "low": [-0.16, 44.0, 190.0],
        "high": [0.19, 61.0, 290.0],
    }
)


def full_report(given: by_hand.Inputs, *, right_share: float | None = None) -> Material:
    """A trial of the template with its diary, times of sleep, device and predictive check."""
    table = given.data.table
    table["start"] = [
        f"{night:%Y-%m-%d}T22:{50 + day % 9}:00+01:00" for day, night in enumerate(table["night"])
    ]
    table["device"] = "fitbit"
    diary = by_hand.diary(given.data)
    if right_share is not None:
        right = np.arange(len(diary.table)) % 100 < 100 * right_share
        arm = dict(zip(table["night"], table["arm"], strict=True))
        diary.table["guess"] = diary.table["night"].map(arm).where(right, diary.table["guess"])
    return given.material(
        protocol=PROTOCOL, diary=diary, tables={"tst_min": {"posterior predictive": FEATURES}}
    )


def reanalysed(material: Material, **changes: object) -> Material:
    """The same trial with other data, judged again."""
    data = replace(material.data, **changes)  # type: ignore[arg-type]
    effects = tuple(estimate_effects(fit, data) for fit in material.fits)
    return replace(material, data=data, effects=effects)


def peeked() -> Material:
    note = "looked before the end; reason given: I could not wait"
    return reanalysed(full_report(by_hand.undecided()), peeked=True, notes=(note,))


def stopped_early() -> Material:
    given = by_hand.inputs([6.0, 20.0], 12.0)
    last = given.data.table.index[-42:]
    given.data.table.loc[last, ["tst_min", "wake_episodes"]] = np.nan
    given.data.table.loc[last, "left_out"] = "no record"
    return reanalysed(full_report(given))


def without_wakes() -> Material:
    given = by_hand.decided()
    given.data.table["wake_episodes"] = np.nan
    material = full_report(given)
    return replace(material, fits=material.fits[:1], effects=material.effects[:1])


def two_devices() -> Material:
    material = full_report(by_hand.no_gain())
    nights = material.data.table[["night", "tst_min"]].dropna()
    drift = np.random.default_rng(2).normal(12, 15, len(nights))
    ring = nights.assign(tst_min=nights["tst_min"] + drift)[::2]
    note = (
        "Oura recorded 61 of the trial's nights too; only Fitbit, which recorded 119, is analysed, because devices are"
        " never mixed"
    )
    return replace(
        reanalysed(material, notes=(note,)),
        devices={"fitbit": Nights(nights), "oura": Nights(ring)},
        about=SETTLED_ABOUT,
    )


def sealed() -> Material:
    """While the arms are hidden they are letters everywhere, and there is no answer."""
    material = full_report(by_hand.decided())
    letters = dict(zip(material.data.arms, "ABC", strict=True))
    return reanalysed(
        replace(
            material,
            fits=[
                replace(fit, posterior=fit.posterior.assign_coords(contrast=["B", "C"]), variants={})
                for fit in material.fits
            ],
            checks={},
        ),
        table=material.data.table.assign(arm=material.data.table["arm"].map(letters)),
        arms=tuple(letters.values()),
        reference="A",
        labels={letter: letter for letter in letters.values()},
        further_contrasts=(Contrast("C", "B"),),
        blinded=True,
        sealed=True,
    )


def means_apart_and_slow() -> Material:
    """Plain means say more than the answer of one arm, and of another the schedule shows too little."""
    material = full_report(by_hand.inputs([21.0, 0.0], 6.0))
    material = reanalysed(material, half_lives={"magnesium-glycinate": 3.0}, planned=True)
    main, *others = material.effects
    apart = Conflict(whose="plain means", estimate=44.0, reason="prior")
    contrasts = (replace(main.contrasts[0], conflict=apart), *main.contrasts[1:])
    return replace(material, effects=[replace(main, contrasts=contrasts), *others])


REPORTS: dict[str, Callable[[], Material]] = {
    "clear-gain": lambda: full_report(by_hand.decided()),
    "no-effect-but-wide": lambda: full_report(by_hand.inputs([1.0, -2.0], 17.0)),
    "worse": lambda: full_report(by_hand.worse()),
    "gate-failed": lambda: full_report(by_hand.gate_failed()),
    "blinded": lambda: reanalysed(full_report(by_hand.decided(), right_share=0.0), blinded=True),
    "blind-broken": lambda: reanalysed(
        full_report(by_hand.decided(), right_share=0.8),
        blinded=True,
        blind_broken="2026-03-03: saw the packing sheet",
    ),
    "sealed": sealed,
    "peeked": peeked,
    "means-apart-and-slow": means_apart_and_slow,
    "stopped-early": stopped_early,
    "no-wake-data": without_wakes,
    "two-devices": two_devices,
    "two-arms-one-outcome": lambda: by_hand.inputs(
        [24.0], 9.0, outcomes=("tst_min",), dated=False
    ).material(),
    "five-arms": lambda: by_hand.inputs([30.0, 10.0, -20.0, 2.0], 8.0).material(),
}
