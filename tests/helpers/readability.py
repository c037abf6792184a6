"""How hard a text is to read: its sentences, their words, and the school grade that they ask for."""

import re


def sentences_of(text: str) -> list[str]:
    """Sentences, without what stands in brackets; a point inside a number or after a letter of a name ends none."""
    bare = re.sub(r"\s*\([^()]*(\([^()]*\)[^()]*)*\)", "", text.replace("\u00a0", " "))
    return [each.strip() for each in re.split(r"(?<=[.!?;])\s+(?=[A-Z0-9])", bare) if each.strip()]


def words_of(sentence: str) -> list[str]:
    return [word for word in sentence.split() if any(letter.isalnum() for letter in word)]


def syllables(word: str) -> int:
    """Runs of vowels, a silent e at the end not counted; a number is read as one."""
    letters = re.sub(r"[^a-z]", "", word.lower())
    runs = len(re.findall(r"[aeiouy]+", letters))
    silent = letters.endswith("e") and not letters.endswith(("le", "ee")) and runs > 1
    return max(1, runs - silent)


def school_grade(text: str) -> float:
    """Flesch–Kincaid grade level (Kincaid et al. 1975): six is about age 12."""
    sentences = sentences_of(text)
    words = [word for sentence in sentences for word in words_of(sentence)]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
