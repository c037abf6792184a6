from xml.etree import ElementTree

import by_hand
import numpy as np
import pytest
from matplotlib.figure import Figure

from n1trial.report import figures, tables
from n1trial.report.dots import DOTS, count_dots, dot_gains
from n1trial.report.figures import palette
from n1trial.report.figures.calendar import every_night
from n1trial.report.figures.canvas import NARROW, WIDE
from n1trial.report.figures.svg import inline_svg
from n1trial.report.text import visible

SHADES = {shade.variable: shade for shade in palette.SHADES}
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
        "nights": every_night(data, width=width),
        "tomorrow": figures.tomorrow_night(effects, data, width=width),
        "differently": figures.analysed_differently(found, effects, data, width=width),
    }


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


@pytest.mark.parametrize(
    "label", ["$5_ and ^$6", "\x01\x1f\x7f", "<b>&amp;</b>", "睡眠 😴", "{0}", "\u202egnp", "_x"]
)
def test_any_label_gives_valid_xml_and_is_shown_as_written(label):
    given = by_hand.with_labels(by_hand.decided(), label)
    for name, figure in pictures(given, WIDE).items():
        root = ElementTree.fromstring(drawn(figure, name))
        assert any(visible(label).strip() in "".join(text.itertext()) for text in root.iter())


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
