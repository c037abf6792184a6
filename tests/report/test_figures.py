from dataclasses import replace
from xml.etree import ElementTree

import by_hand
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from n1trial.analysis.bland_altman import compare_devices
from n1trial.analysis.quantile_dots import DOTS, count_dots, dot_gains
from n1trial.data.nights import Nights
from n1trial.design.outcomes import OUTCOMES
from n1trial.markup.text import visible
from n1trial.markup.theme import SHADES as SHADES_OF_A_PAGE
from n1trial.report import figures
from n1trial.report.content import figure_tables as tables
from n1trial.report.figures import palette
from n1trial.report.figures.calendar import every_night
from n1trial.report.figures.canvas import NARROW, WIDE
from n1trial.report.figures.svg import inline_svg

SHADES = {shade.variable: shade for shade in SHADES_OF_A_PAGE}
GROUNDS = ("--paper", "--card")


def contrast(first: str, second: str) -> float:
    """WCAG 2.2 contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def pictures(given: by_hand.Inputs, width: float) -> dict[str, Figure]:
    effects, data = given.effects[0], given.data
    found = tables.analyses(given.fits[0], effects, data, by_hand.check_results(effects))
    return {
        "dots": figures.quantile_dots(effects, data, width=width),
        "bad nights": figures.bad_nights_by_arm(effects.distribution, data, width=width),
        "nights": every_night(data, width=width),
        "tomorrow": figures.tomorrow_night(effects, data, width=width),
        "differently": figures.forest_of_analyses(found, effects, data, width=width),
        "periods": figures.means_by_period(data, data.outcomes[0], width=width),
        "beliefs": figures.prior_and_posterior(effects, data, prior_sd=20.0, width=width),
        "doses": figures.dose_timing(
            {arm: [20.0, 45.0, 300.0] for arm in data.treatments}, data, planned=(30, 60), width=width
        ),
        **unarmed_pictures(width),
    }


UNARMED = ("predicted", "devices")


def unarmed_pictures(width: float) -> dict[str, Figure]:
    """Pictures in which no arm is named."""
    found = compare_devices(
        ("fitbit", minutes(400, 420, 440, 430)), ("oura", minutes(410, 425, 470, 430)), TST
    )
    assert found is not None
    return {
        "predicted": figures.predictive_checks([INSIDE, OUTSIDE], width=width),
        "devices": figures.device_agreement(found, TST, width=width),
    }


TST = OUTCOMES["tst_min"]
INSIDE = figures.Prediction(name="spread, min", observed=50.0, low=45.0, high=58.0)
OUTSIDE = figures.Prediction(name="shortest night, min", observed=120.0, low=150.0, high=250.0)


def minutes(*values: float) -> Nights:
    nights = pd.date_range("2026-01-05", periods=len(values), unit="s")
    return Nights(pd.DataFrame({"night": nights, "tst_min": values}))


def drawn(figure: Figure, name: str = "x") -> str:
    return str(inline_svg(figure, name=name, title="a title", description="a finding"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_text_and_arms_stands_out(scheme):
    for ground in GROUNDS:
        behind = getattr(SHADES[ground], scheme)
        for name in ("--ink", "--muted", "--accent", "--worse"):
            assert contrast(getattr(SHADES[name], scheme), behind) >= 4.5, name
        for style in palette.STYLES:
            assert contrast(getattr(style, scheme), behind) >= 4.5, style


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_and_words_stand_out_on_the_band(scheme):
    behind = getattr(SHADES["--band"], scheme)
    for style in palette.STYLES:
        assert contrast(getattr(style, scheme), behind) >= 4.5
    for name in ("--muted", "--worse", "--ink"):
        assert contrast(getattr(SHADES[name], scheme), behind) >= 4.5


def test_the_three_named_arms_keep_their_colours_and_shapes():
    styles = palette.arm_styles(by_hand.trial(arms=3))
    assert [(style.light, style.symbol) for style in styles.values()] == [
        ("#6b6b6b", "●"),
        ("#0072b2", "▲"),
        ("#b34e00", "■"),
    ]


@pytest.mark.parametrize("arms", [2, 3, 4, 5])
def test_no_two_arms_look_alike(arms):
    styles = palette.arm_styles(by_hand.trial(arms=arms)).values()
    assert len({style.light for style in styles}) == len({style.marker for style in styles}) == arms


def test_dots_are_fifty_and_stand_where_the_posterior_is():
    effect = by_hand.decided().effects[0].contrasts[1]
    counts = count_dots(effect)
    assert counts.worse + counts.between + counts.worthwhile == DOTS
    assert counts.worthwhile / DOTS == pytest.approx(effect.p_worthwhile, abs=1 / DOTS)
    assert np.median(dot_gains(effect)) == pytest.approx(effect.mean, abs=1)


def test_right_is_better_for_wake_episodes_too():
    wakes = by_hand.decided().effects[1].contrasts[1]
    assert wakes.mean < 0
    assert np.median(dot_gains(wakes)) > 0


@pytest.mark.parametrize(("outcome", "right", "step"), [(0, "longer", "+20"), (1, "fewer", "−0.6")])
def test_the_axis_of_a_difference_has_the_signs_of_the_tables(outcome, right, step):
    given = by_hand.decided()
    figure = figures.quantile_dots(given.effects[outcome], given.data)
    svg = inline_svg(figure, name="x", title="t", description="d")
    assert f"{right} →" in svg
    labels = [label.get_text() for axes in figure.axes for label in axes.get_xticklabels()]
    assert step in labels
    assert labels.count("0") == 1
    assert all(label[0] in "+−" for label in labels if label != "0")


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("given", [by_hand.decided, by_hand.undecided, by_hand.worse, by_hand.no_gain])
def test_every_dot_is_drawn_on_its_side_of_the_line(given, width):
    inputs = given()
    figure = figures.quantile_dots(inputs.effects[0], inputs.data, width=width)
    for axes, effect in zip(
        figure.axes, figures.against_reference(inputs.effects[0], inputs.data), strict=True
    ):
        right, left, between = (line for line in axes.lines if line.get_linestyle() == "None")
        counts = count_dots(effect)
        assert [len(line.get_xdata()) for line in (left, between, right)] == [
            counts.worse,
            counts.between,
            counts.worthwhile,
        ]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_planned_night_is_drawn_once_in_every_panel(width):
    data = by_hand.trial(washout=2)
    figure = every_night(data, width=width)
    top = 150
    marks = sum(
        int((np.asarray(line.get_ydata(), dtype=float) < top).sum())
        for axes in figure.axes[1:]
        for line in axes.lines
        if line.get_marker() != "None"
    )
    assert marks == len(data.table) * len(data.outcomes)


def test_left_out_nights_are_named_with_their_reason():
    svg = drawn(every_night(by_hand.trial(washout=2), width=WIDE))
    for reason in ("run-in (7)", "washout (36)", "no record"):
        assert f"left out: {reason}" in svg


def test_a_hundred_icons_say_the_chance():
    inputs = by_hand.decided()
    figure = figures.tomorrow_night(inputs.effects[0], inputs.data)
    for axes, effect in zip(figure.axes, inputs.effects[0].contrasts[:2], strict=True):
        better, rest = axes.lines
        assert len(better.get_xdata()) == round(100 * effect.better_nights)
        assert len(better.get_xdata()) + len(rest.get_xdata()) == 100


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("arms", [2, 3, 4, 5])
def test_any_number_of_arms_can_be_drawn(arms, width):
    given = by_hand.inputs([30.0, 10.0, -20.0, 2.0][: arms - 1], 8.0, dated=arms % 2 == 0)
    for name, figure in pictures(given, width).items():
        root = ElementTree.fromstring(drawn(figure, name))
        assert root.attrib["role"] == "img"
        assert float(root.attrib["viewBox"].split()[2]) == width


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_trial_without_blocks_is_drawn_without_their_numbers(width):
    given = by_hand.decided()
    bare = replace(given, data=replace(given.data, table=given.data.table.assign(block=0)))
    svgs = {name: drawn(figure, name) for name, figure in pictures(bare, width).items()}
    assert ">block<" not in svgs["periods"]
    assert ">block<" in drawn(figures.means_by_period(given.data, given.data.outcomes[0], width=width))


@pytest.mark.parametrize(
    "label", ["$5_ and ^$6", "\x01\x1f\x7f", "<b>&amp;</b>", "睡眠 😴", "{0}", "\u202egnp", "_x"]
)
def test_any_label_gives_valid_xml_and_is_shown_as_written(label):
    given = by_hand.with_labels(by_hand.decided(), label)
    for name, figure in pictures(given, WIDE).items():
        root = ElementTree.fromstring(drawn(figure, name))
        assert name in UNARMED or any(
            visible(label).strip() in "".join(text.itertext()) for text in root.iter()
        )


def test_the_same_figure_gives_the_same_bytes():
    assert drawn(every_night(by_hand.trial())) == drawn(every_night(by_hand.trial()))


def test_colours_of_a_figure_follow_the_scheme_of_the_page():
    for name, figure in pictures(by_hand.decided(), WIDE).items():
        assert "#" not in drawn(figure, name).replace('href="#', ""), name


def test_text_is_at_least_11_px_on_the_narrowest_phone():
    for figure in pictures(by_hand.decided(), NARROW).values():
        for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize")):
            assert text.get_fontsize() * 334 / NARROW >= 11 or not text.get_text()


def test_an_outcome_never_recorded_and_a_constant_one_can_be_drawn():
    data = by_hand.trial()
    data.table["wake_episodes"] = np.nan
    data.table["tst_min"] = data.table["tst_min"].where(data.table["tst_min"].isna(), 420.0)
    assert "not recorded" in drawn(every_night(data))


def test_one_period_of_every_night_can_be_drawn():
    assert drawn(every_night(by_hand.trial(blocks=40, period_nights=1, run_in=0)))


@pytest.mark.parametrize("sd", [0.01, 0.5, 300.0])
def test_dots_keep_their_side_however_narrow_or_wide_the_posterior(sd):
    inputs = by_hand.inputs([20.0], sd)
    figure = figures.quantile_dots(inputs.effects[0], inputs.data, width=NARROW)
    right, left, _ = (line for line in figure.axes[0].lines if line.get_linestyle() == "None")
    assert all(x >= 15 for x in right.get_xdata())
    assert all(x <= -15 for x in left.get_xdata())


def test_a_period_has_the_mean_and_the_t_interval_of_its_nights():
    data = by_hand.trial(run_in=0, period_nights=3, blocks=2)
    first = data.table.index[data.table["period"] == 1]
    data.table.loc[first, ["left_out", "tst_min"]] = [["", 400.0], ["", 420.0], ["", 440.0]]
    mean = figures.period_means(data, TST)[0]
    # t(.975, 2) = 4.3027, SD 20, so 4.3027 × 20 / √3 = 49.68
    assert (mean.mean, mean.low, mean.high) == pytest.approx((420, 370.32, 469.68), abs=0.01)


def test_one_night_has_a_mean_and_no_interval():
    data = by_hand.trial(run_in=0, period_nights=1, blocks=10)
    assert {(each.low, each.high) for each in figures.period_means(data, TST)} == {(None, None)}
    assert drawn(figures.means_by_period(data, TST))


def test_every_period_is_drawn_once():
    data = by_hand.trial()
    axes = figures.means_by_period(data, TST).axes[0]
    marks = sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() != "None")
    assert marks == data.table["period"].max()


def test_the_belief_after_the_nights_stands_over_the_estimate_and_the_belief_before_over_none():
    given = by_hand.inputs([30.0], 5.0)
    axes = figures.prior_and_posterior(given.effects[0], given.data, prior_sd=20.0).axes[0]
    before, after = axes.lines[-2:]
    assert before.get_xdata()[np.argmax(before.get_ydata())] == pytest.approx(0, abs=1)
    assert after.get_xdata()[np.argmax(after.get_ydata())] == pytest.approx(30, abs=2)


def test_what_the_model_could_not_have_made_stands_outside_the_band_with_its_own_mark():
    lines = figures.predictive_checks([INSIDE, OUTSIDE]).axes[0].lines
    marks = [(line.get_marker(), float(line.get_xdata()[0])) for line in lines if line.get_marker() != "None"]
    assert [mark for mark, _ in marks] == ["o", "X"]
    assert -1 <= marks[0][1] <= 1
    assert marks[1][1] < -1


def test_every_dose_is_a_mark_and_sleep_begins_at_the_right():
    taken = {"glycine": [5.0, 44.0, 46.0], "magnesium-glycinate": [31.0, 90.0, 1000.0]}
    axes = figures.dose_timing(taken, by_hand.trial(), planned=(30, 60)).axes[0]
    assert sum(len(line.get_xdata()) for line in axes.lines) == 6
    assert axes.get_xlim() == (240, 0)


def test_two_devices_are_compared_on_the_nights_of_both():
    found = compare_devices(("a", minutes(400, 410, 420, np.nan)), ("b", minutes(401, 411, 423, 430)), TST)
    # differences 1, 1, 3: mean 5/3, SD 2/√3, limits 5/3 ± 1.96 × 1.1547
    assert (found.bias, found.sd) == pytest.approx((5 / 3, 2 / 3**0.5))
    assert (found.low, found.high) == pytest.approx((-0.5966, 3.9299), abs=1e-4)


def test_two_devices_with_two_common_nights_are_not_compared():
    assert compare_devices(("a", minutes(400, 410)), ("b", minutes(401, 411)), TST) is None
