"""Alternative designs: fewer, more, longer or shorter periods than planned, or fewer arms."""

from collections.abc import Iterator

from pydantic import ValidationError

from n1trial.design.protocol import Protocol

LONGEST_NIGHTS = 400
WEEK = 7


def alternatives_to(protocol: Protocol) -> Iterator[tuple[str, Protocol]]:
    """Name and protocol of every alternative design that is worth comparing with the planned one.

    Arms, doses, run-in, washout and restrictions of the order are as planned; one design has the reference and one
    arm only. Periods last a week, or as long as planned where a washout takes a week or more of each.
    """
    run_in = protocol.design.run_in_nights
    arms = len(protocol.arms)
    nights_after_run_in = protocol.planned_nights - run_in
    one_arm = next(arm for arm in protocol.arm_names if arm != protocol.reference)
    usual = WEEK if protocol.design.washout_nights < WEEK else protocol.design.period_nights
    alone = (
        f"{protocol.arm_named(one_arm).label} alone against {protocol.arm_named(protocol.reference).label}"
    )
    blocks_now = max(1, round(nights_after_run_in / (usual * arms)))
    candidates = [
        ("a short trial", 2, usual, False),
        ("half as long", blocks_now // 2, usual, False),
        ("twice as long", 2 * blocks_now, usual, False),
        ("three times as long", 3 * blocks_now, usual, False),
        ("two weeks a period", round(nights_after_run_in / (2 * WEEK * arms)), 2 * WEEK, False),
        ("another arm every night", nights_after_run_in // arms, 1, False),
        *([(alone, nights_after_run_in // (2 * usual), usual, True)] if arms > 2 else []),
    ]
    seen = {(protocol.design.blocks, protocol.design.period_nights, arms)}
    for name, blocks, period_nights, two_arms in candidates:
        key = (blocks, period_nights, 2 if two_arms else arms)
        nights = blocks * period_nights * key[2]
        if key in seen or blocks < 2 or nights > LONGEST_NIGHTS:
            continue
        seen.add(key)
        alternative = _with(
            protocol, blocks=blocks, period_nights=period_nights, only=one_arm if two_arms else None
        )
        if alternative is not None:
            yield name, alternative


def yaml_of(protocol: Protocol, *, planned: Protocol) -> str:
    """The lines to write into a copy of the planned protocol to get this design."""
    design = protocol.design.model_dump(mode="json", exclude_defaults=True)
    shown = {"run_in_nights": protocol.design.run_in_nights} | design
    lines = f"design: {_flow(shown)}"
    if len(protocol.arms) == len(planned.arms):
        return lines
    return f"{lines}; of arms only {' and '.join(protocol.arm_names)}; no further_contrasts"


def _flow(value: object) -> str:
    """Numbers, words, lists and mappings on one line of YAML."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_flow(entry)}' for name, entry in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return str(value)


def _with(protocol: Protocol, *, blocks: int, period_nights: int, only: str | None) -> Protocol | None:
    """The protocol with another design; None where such a protocol is not valid."""
    document = protocol.model_dump()
    document["design"] |= {"blocks": blocks, "period_nights": period_nights}
    document["looks"] = None
    if only is not None:
        document["arms"] = [arm for arm in document["arms"] if arm["name"] in (protocol.reference, only)]
        document["further_contrasts"] = ()
        kept = {arm["name"] for arm in document["arms"]}
        pairs = document["design"].get("never", ())
        document["design"]["never"] = [pair for pair in pairs if {*pair.values()} <= kept]
    try:
        return Protocol.model_validate(document)
    except ValidationError:
        return None
