"""What is in a dose: glycine, elemental magnesium, and how many milligrams of compound carry them.

Amounts follow from molar masses (g/mol, CIAAW 2021 atomic weights): magnesium 24.305, glycine
C2H5NO2 75.067. Magnesium bisglycinate Mg(C2H4NO2)2 is 172.42, so it is 14.10 % magnesium, and
200 mg of magnesium come with 1,235 mg of glycine.
"""

from dataclasses import dataclass

MAGNESIUM_G_PER_MOL = 24.305
GLYCINE_G_PER_MOL = 75.067
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
    def magnesium_share(self) -> float:
        """Milligrams of elemental magnesium in a milligram of compound, 0 to 1."""
        return self.magnesium_per_mole * MAGNESIUM_G_PER_MOL / self.molar_mass_g

    @property
    def glycine_share(self) -> float:
        """Milligrams of free glycine from a milligram of compound, 0 to 1."""
        return self.glycine_per_mole * GLYCINE_G_PER_MOL / self.molar_mass_g


SUBSTANCES = {
    substance.name: substance
    for substance in (
        Substance(name="placebo", label="placebo", molar_mass_g=1.0),
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
