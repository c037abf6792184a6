"""What was written in the diary: how much, what cannot be, and lines that repeat each other."""

from collections.abc import Iterator
from datetime import date

import pandas as pd

from n1trial.data.diary.amounts import limits_of
from n1trial.trial_folder.quality.evidence import Evidence, Finding, counted

LEAST_REPEATS, LEAST_ANSWERS = 3, 4


def written(evidence: Evidence) -> Iterator[Finding]:
    """Evenings of which something was written, and on how many it says what the trial is about."""
    lines = _lines(evidence)
    past = lines[lines["date"].isin(evidence.past)]
    asked = [night for night in evidence.past if night not in evidence.run_in]
    dose = past["taken"].notna() & past["date"].isin(asked)
    asked_for = "you kept to it" if evidence.habit else "the dose was taken"
    yield Finding(
        check="diary",
        said=f"{len(past)} of {len(evidence.past)} evenings so far have a line; whether {asked_for} is written"
        f" on {int(dose.sum())} of {len(asked)} evenings after the run-in",
    )
    for note in evidence.diary_notes:
        yield Finding(check="diary", said=note)


def impossible(evidence: Evidence) -> Iterator[Finding]:
    """Answers that cannot be, or contradict each other."""
    lines = _lines(evidence)
    timed = lines["taken_at"].notna()
    for what, odd in (
        ("with a time of a dose that was not taken", timed & (lines["taken"].fillna(True) == False)),  # noqa: E712 - a column, not a truth
        *(
            (f"with more than {limits_of(name).likely:,.0f} {name}", lines[name] > limits_of(name).likely)
            for name in lines.columns
            if lines[name].dtype == float
        ),
        ("with a confidence and no guess", lines["confidence"].notna() & lines["guess"].isna()),
        ("about a night to come", lines["date"] > evidence.today),
        ("about a night outside the trial", ~lines["date"].isin(evidence.planned)),
    ):
        nights = tuple(lines.loc[odd.astype(bool), "date"])
        if nights:
            yield Finding(check="diary", said=f"{counted(len(nights), 'line')} {what}", nights=nights)


def repeated(evidence: Evidence) -> Iterator[Finding]:
    """Three or more lines in a row with the same answers, the dose's minute among them: perhaps copied."""
    lines = _lines(evidence)
    answers = lines.drop(columns=["night", "date"]).astype(object)
    keys = [
        tuple((name, value) for name, value in row.items() if not pd.isna(value))
        for row in answers.to_dict("records")
    ]
    run: list[date] = []
    copied: list[date] = []
    for place, (night, key) in enumerate(zip(lines["date"], keys, strict=True)):
        telling = len(key) >= LEAST_ANSWERS and any(name == "taken_at" for name, _ in key)
        same = place > 0 and key == keys[place - 1] and (night - lines["date"].iloc[place - 1]).days == 1
        run = [*run, night] if telling and same else [night]
        if len(run) == LEAST_REPEATS:
            copied += run
        elif len(run) > LEAST_REPEATS:
            copied.append(night)
    if copied:
        yield Finding(
            check="diary",
            said=f"{len(copied)} lines repeat the line before, to the minute of the dose",
            nights=tuple(copied),
        )


def _lines(evidence: Evidence) -> pd.DataFrame:
    """Lines with any answer, with `date`."""
    table = evidence.diary.assign(date=evidence.diary["night"].dt.date)
    answered = table.drop(columns=["night", "date"]).notna().any(axis=1)
    return table[answered]
