"""Fixed sentences: findings of others, limits of a trial of one, and the notes of a de-identified copy."""

from n1trial.report.sentences.outcome_words import NBSP

GLYCINE_FOUND = (
    "Glycine, 3 g: three small trials (7 to 19 people, one sponsor) report less tiredness and falling asleep"
    " sooner, not longer sleep (Inagawa 2006; Yamadera 2007; Bannai 2012; review PMC10828290: high risk of"
    " bias)."
)
MAGNESIUM_FOUND = (
    f"Magnesium: three trials in older adults, 16{NBSP}min more sleep (95{NBSP}% interval −6 to 38; Mah &"
    " Pitre 2021); bisglycinate in 155 people: sleep quality unchanged, insomnia score 1.6 points lower"
    " (2025)."
)
SHARED_TITLE = "A trial of one person’s sleep"
SHARED_QUESTION = "as in the owner’s protocol, left out of this copy"
SHARED_HABIT = "something to do, in words that stay at home"
SHARED_NOTE = (
    "This copy was made to be shared: nights have numbers instead of dates, and what the person wrote, seeds"
    " and fingerprints are left out."
)
SHARED_BROKEN = "The person came to know what was hidden before the end."
SHARED_PEEKED = "The results were looked at before the end."
CANNOT_TELL = (
    "A wearable is not a sleep laboratory: it misses many wake episodes, so finding nothing says little."
    " This is about you, this product and these weeks, not about other people or next year. It is not"
    " medical advice: ask a doctor before you change a treatment."
)
