"""What Whoop calls its columns, in the languages of its accounts; without case and accents.

Source: the English files; for the others the headers of real exports that github.com/vishk23/noop
(WhoopExportImporter) and github.com/Stebandido77/whoop-lab quote.
"""

ENGLISH = {
    "sleep onset": "onset",
    "wake onset": "wake",
    "cycle timezone": "zone",
    "asleep duration (min)": "asleep",
    "in bed duration (min)": "in_bed",
    "light sleep duration (min)": "light",
    "deep (sws) duration (min)": "deep",
    "rem duration (min)": "rem",
    "nap": "nap",
    "respiratory rate (rpm)": "breaths",
    "heart rate variability (ms)": "hrv",
    "recovery score %": "recovery",
}
_GERMAN = {
    "beginn des schlafs": "onset",
    "beginn des aufwachens": "wake",
    "zeitzone des zyklus": "zone",
    "schlafdauer (min.)": "asleep",
    "dauer im bett (min.)": "in_bed",
    "dauer des leichtschlafs (min.)": "light",
    "dauer des tiefschlafs (min.)": "deep",
    "dauer des rem-schlafs (min.)": "rem",
    "nickerchen": "nap",
    "atemfrequenz (atemzuge/min.)": "breaths",
    "herzfrequenzvariabilitat (ms)": "hrv",
    "erholungswert %": "recovery",
}
_SPANISH = {
    "inicio del sueno": "onset",
    "inicio de la vigilia": "wake",
    "zona horaria del ciclo": "zone",
    "duracion del sueno (min)": "asleep",
    "tiempo en la cama (min)": "in_bed",
    "duracion de sueno ligero (min)": "light",
    "duracion de sueno profundo (sws) (min)": "deep",
    "duracion de sueno rem (min)": "rem",
    "siesta": "nap",
    "frecuencia respiratoria (rpm)": "breaths",
    "variabilidad de la frecuencia cardiaca (ms)": "hrv",
    "puntuacion de recuperacion (%)": "recovery",
}
_FRENCH = {
    "premiers signes de sommeil": "onset",
    "premiers signes de reveil": "wake",
    "fuseau horaire du cycle": "zone",
    "duree du sommeil (min)": "asleep",
    "temps passe au lit (min)": "in_bed",
    "duree du sommeil leger (min)": "light",
    "duree du sommeil profond (min)": "deep",
    "duree du sommeil paradoxal (min)": "rem",
    "sieste": "nap",
    "frequence respiratoire (tr/min)": "breaths",
    "variabilite de la frequence cardiaque (ms)": "hrv",
    "score de recuperation %": "recovery",
}
_PORTUGUESE = {
    "inicio do sono": "onset",
    "inicio da vigilia": "wake",
    "fuso horario do ciclo": "zone",
    "duracao do sono (min)": "asleep",
    "duracao na cama (min)": "in_bed",
    "duracao do sono leve (min)": "light",
    "duracao profundo (sono) (min)": "deep",
    "duracao rem (min)": "rem",
    "sesta": "nap",
    "frequencia respiratoria (rpm)": "breaths",
    "variabilidade da frequencia cardiaca (ms)": "hrv",
    "pontuacao de recuperacao %": "recovery",
}
COLUMNS = {**ENGLISH, **_GERMAN, **_SPANISH, **_FRENCH, **_PORTUGUESE}

# How a cell says whether a sleep is a nap; only true and false were seen.
IS_NAP = {
    **dict.fromkeys(("true", "1", "yes", "ja", "sí", "oui", "sim"), True),
    **dict.fromkeys(("false", "0", "no", "nein", "non", "não"), False),
}
