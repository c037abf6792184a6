"""What is in a dose: glycine, elemental magnesium, and how many milligrams of compound carry them.

Amounts follow from molar masses (g/mol, CIAAW 2021 atomic weights): magnesium 24.305, glycine
C2H5NO2 75.067. Magnesium bisglycinate Mg(C2H4NO2)2 is 172.42, so it is 14.10 % magnesium, and
200 mg of magnesium come with 1,235 mg of glycine.

How fast an effect builds up is assumed, since no trial of sleep has measured it: by how long the substance itself
stays. A protocol may state its own `half_life_nights` for a dose or an arm.
"""

from dataclasses import dataclass

# Nights until half of a steady effect has built up. Glycine by mouth is back at its usual level in plasma within
# hours (Inagawa 2006). Magnesium leaves the plasma within hours too, but body stores move in days to weeks.
GLYCINE_HALF_LIFE_NIGHTS = 0.0
MAGNESIUM_HALF_LIFE_NIGHTS = 3.0

MAGNESIUM_G_PER_MOL = 24.305
GLYCINE_G_PER_MOL = 75.067

# Glycine in 100 g of collagen peptides or gelatine: 22 to 29 g. Glycine is every third residue of collagen but
# the lightest; hydrolysed products differ. A scoop of 15 g holds 3.3 to 4.4 g, more than the 3 g of a trial arm.
COLLAGEN_GLYCINE = (0.22, 0.293)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most elemental magnesium a day from supplements that an authority holds safe for adults."""

    authority: str
    mg: float
    source: str


MAGNESIUM_LIMITS = (
    Limit(authority="EFSA, EU", mg=250, source="Scientific Committee on Food (2001), in EFSA (2006)"),
    Limit(authority="BfR, Germany", mg=250, source="Opinion 034/2017, in two or more portions a day"),
    Limit(authority="US National Academies", mg=350, source="Dietary Reference Intakes (1997)"),
    Limit(authority="VKM, Norway", mg=350, source="Report 2016:15"),
    Limit(authority="EVM, UK", mg=400, source="Expert Group on Vitamins and Minerals (2003), guidance level"),
)
MAGNESIUM_LIMIT_MG = 350.0
MAGNESIUM_LIMIT_SOURCE = (
    "US National Academies (1997), tolerable upper intake from supplements, adults; EFSA (2006) says 250 mg"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """A compound in a capsule, and how much glycine and magnesium one gram of it carries."""

    name: str
    label: str
    molar_mass_g: float
    magnesium_per_mole: int = 0
    glycine_per_mole: int = 0

    @property
    def half_life_nights(self) -> float | None:
        """Nights until half of a steady effect has built up; None: nothing is known of it."""
        if self.magnesium_per_mole:
            return MAGNESIUM_HALF_LIFE_NIGHTS
        if self.glycine_per_mole or self.name == "placebo":
            return GLYCINE_HALF_LIFE_NIGHTS
        return None

    @property
    def magnesium_share(self) -> float:
        """Milligrams of elemental magnesium in a milligram of compound, 0 to 1."""
        return self.magnesium_per_mole * MAGNESIUM_G_PER_MOL / self.molar_mass_g

    @property
    def glycine_share(self) -> float:
        """Milligrams of free glycine from a milligram of compound, 0 to 1."""
        return self.glycine_per_mole * GLYCINE_G_PER_MOL / self.molar_mass_g


# What is not in this table; a dose of it may have its own name.
OWN_SUBSTANCE = "other"
SUBSTANCES = {
    substance.name: substance
    for substance in (
        Substance(name="placebo", label="placebo", molar_mass_g=1.0),
        Substance(name=OWN_SUBSTANCE, label="supplement", molar_mass_g=1.0),
        Substance(name="glycine", label="glycine", molar_mass_g=GLYCINE_G_PER_MOL, glycine_per_mole=1),
        Substance(
            name="magnesium-bisglycinate",
            label="magnesium bisglycinate (magnesium glycinate)",
            molar_mass_g=172.42,
            magnesium_per_mole=1,
            glycine_per_mole=2,
        ),
        Substance(
            name="magnesium-citrate",
            label="trimagnesium dicitrate",
            molar_mass_g=451.11,
            magnesium_per_mole=3,
        ),
        # C4H4MgO5 without water, PubChem: magnesium malate
        Substance(
            name="magnesium-malate", label="magnesium malate", molar_mass_g=156.38, magnesium_per_mole=1
        ),
        # Mg(C4H7O5)2, PubChem: magnesium L-threonate
        Substance(
            name="magnesium-threonate",
            label="magnesium L-threonate",
            molar_mass_g=294.50,
            magnesium_per_mole=1,
        ),
        Substance(name="magnesium-oxide", label="magnesium oxide", molar_mass_g=40.304, magnesium_per_mole=1),
    )
}


def oxide_share(labelled_share: float) -> float:
    """Share of a "bisglycinate" product that must be magnesium oxide, given the label's magnesium share.

    Pure bisglycinate cannot hold more than 14.1 % magnesium; a label that claims more is blended with
    oxide, which holds 60.3 %.

    Parameters
    ----------
    labelled_share : 0 to 1
        Elemental magnesium divided by compound, both as printed on the label.

    Returns
    -------
    0 to 1, zero for an honest chelate
    """
    chelate = SUBSTANCES["magnesium-bisglycinate"].magnesium_share
    oxide = SUBSTANCES["magnesium-oxide"].magnesium_share
    return min(1.0, max(0.0, (labelled_share - chelate) / (oxide - chelate)))


def unknown_half_life(label: str) -> str:
    """The sentence about an arm whose speed of action is neither known nor stated."""
    return (
        f"How fast {label} acts is not known, so it counts as gone within a day. If you know better, state"
        " half_life_nights in the protocol before a trial begins."
    )
