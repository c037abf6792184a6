"""The arms of a protocol: what is taken, how much of it, and when."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from n1trial.design.substances import OWN_SUBSTANCE, SUBSTANCES
from n1trial.markup.text import amount_in_words, as_written

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"


class Part(BaseModel):
    """A piece of the protocol: frozen, and refusing every key it does not know.

    The docstrings of parts stand in ``protocol.schema.json``. A key that was added after the first trials began is
    left out of the fingerprint while it has its default (`exclude_if`), so that older folders still open.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Dose(Part):
    """One substance in one evening's capsules, given as compound or as elemental magnesium."""

    substance: str
    name: str = Field(
        default="",
        max_length=40,
        exclude_if=lambda name: not name,
        description="What a substance of your own is called, with substance: other; such as melatonin.",
    )
    compound_mg: float | None = Field(default=None, gt=0, le=50_000)
    elemental_mg: float | None = Field(default=None, gt=0, le=5_000)
    half_life_nights: float | None = Field(
        default=None,
        ge=0,
        le=60,
        exclude_if=lambda nights: nights is None,
        description="Nights until half of its effect has built up, where you know better; 0: it acts within hours.",
    )

    @model_validator(mode="after")
    def _one_amount_of_a_known_substance(self) -> Self:
        if self.substance not in SUBSTANCES:
            raise ValueError(
                f"no substance is called {self.substance!r}: choose from {', '.join(SUBSTANCES)}"
            )
        if self.name and self.substance != OWN_SUBSTANCE:
            raise ValueError(
                f"{self.substance} has its name: leave out name ({self.name}), or write substance: other"
            )
        if (self.compound_mg is None) == (self.elemental_mg is None):
            raise ValueError("give either compound_mg or elemental_mg")
        if self.elemental_mg is not None and not SUBSTANCES[self.substance].magnesium_per_mole:
            raise ValueError(f"{self.substance} holds no magnesium: give compound_mg")
        return self

    @property
    def label(self) -> str:
        """What is in it, in words."""
        return self.name or SUBSTANCES[self.substance].label

    @property
    def short_label(self) -> str:
        """What is in it, without the second name that a substance has in brackets."""
        return self.name or SUBSTANCES[self.substance].label.partition(" (")[0]

    @property
    def compound_in_words(self) -> str:
        """Milligrams of compound: as a person wrote them, else as they were computed."""
        return as_written(self.compound) if self.elemental_mg is None else amount_in_words(self.compound)

    @property
    def compound(self) -> float:
        """Milligrams of compound."""
        if self.compound_mg is not None:
            return self.compound_mg
        return (self.elemental_mg or 0.0) / SUBSTANCES[self.substance].magnesium_share

    @property
    def magnesium_mg(self) -> float:
        """Milligrams of elemental magnesium."""
        return self.compound * SUBSTANCES[self.substance].magnesium_share

    @property
    def glycine_mg(self) -> float:
        """Milligrams of free glycine, that bound to magnesium included."""
        return self.compound * SUBSTANCES[self.substance].glycine_share

    @property
    def build_up_nights(self) -> float | None:
        """Nights until half of a steady effect has built up; None: nothing is known of it."""
        stated = self.half_life_nights
        return SUBSTANCES[self.substance].half_life_nights if stated is None else stated


class Arm(Part):
    """One condition of the trial."""

    name: str = Field(pattern=NAME_PATTERN)
    label: str = Field(min_length=1, max_length=60)
    doses: tuple[Dose, ...] = ()
    instruction: str = Field(
        default="",
        max_length=200,
        exclude_if=lambda instruction: not instruction,
        description="What to do beside the doses.",
    )
    minutes_before_bed: tuple[int, int] | None = Field(
        default=None,
        exclude_if=lambda times: times is None,
        description="Where this arm has a time of its own.",
    )
    half_life_nights: float | None = Field(
        default=None,
        ge=0,
        le=60,
        exclude_if=lambda nights: nights is None,
        description="Nights until half of what this arm does has built up; 0: it acts and fades within a day.",
    )

    @property
    def build_up_nights(self) -> float | None:
        """Nights until half of its effect has built up: as stated, or of its slowest dose; None: not known.

        Where nothing is swallowed and nothing stated, it acts and fades within a day.
        """
        if self.half_life_nights is not None:
            return self.half_life_nights
        doses = [dose.build_up_nights for dose in self.doses]
        slowest = max((nights for nights in doses if nights is not None), default=0.0)
        return None if None in doses and not slowest else slowest

    @property
    def habit(self) -> bool:
        """Whether it is something to do and nothing to swallow: "taken" then says whether it was kept to."""
        return bool(self.instruction) and not self.doses

    @property
    def magnesium_mg(self) -> float:
        """Milligrams of elemental magnesium an evening."""
        return sum(dose.magnesium_mg for dose in self.doses)

    @property
    def glycine_mg(self) -> float:
        """Milligrams of glycine an evening, that bound to magnesium included."""
        return sum(dose.glycine_mg for dose in self.doses)

    @property
    def contents(self) -> tuple[str, ...]:
        """Glycine and elemental magnesium an evening in words, each only where the arm holds some."""
        held = {"glycine": self.glycine_mg, "elemental magnesium": self.magnesium_mg}
        return tuple(f"{name} {amount_in_words(mg)} mg" for name, mg in held.items() if mg)


class Dosing(Part):
    """When the evening's capsules are taken, and how much one holds when somebody fills them to keep a blind.

    A capsule of size 00 has 0.91 mL, about 700 mg of a powder of 0.8 g/mL.
    """

    minutes_before_bed: tuple[int, int] = (30, 60)
    note: str = ""
    capsule_holds_mg: float = Field(default=700, gt=0, le=2000, exclude_if=lambda mg: mg == 700)
