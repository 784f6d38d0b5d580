# It lies in a device's folder: plain Python.
# pyright: basic
"""Raw values to tensors, and an answer's numbers to an answer: preparation.json followed in plain Python.

A row is a dict of name -> number (dates: seconds since 1970-01-01T00:00 UTC), text, or None where it is
missing. It needs no package. In C++: preparation.hpp; in JavaScript: preparation.mjs; all three say the same.
"""

import itertools
import json
import math
import re
import struct

BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" + (
    "\u2028\u2029\u202f\u205f\u3000"
)
PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2
SECONDS_A_DAY = 86_400


class Preparation:
    """What preparation.json says, ready to be followed.

    Args:
        specification: the file's content, parsed.
    """

    def __init__(self, specification):
        self.said = specification
        self.token = re.compile(specification["token"])
        self.codes = [
            {name: code for code, name in enumerate(one["kept"], 2)} for one in specification["categories"]
        ]
        self.words = [
            {word: place for place, word in enumerate(one["words"])} for one in specification["texts"]
        ]
        self.terms = [
            {tuple(term): place for place, term in enumerate(one.get("terms", ()))}
            for one in specification["texts"]
        ]

    @classmethod
    def load(cls, path):
        """From the file."""
        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))

    def tensors(self, row):
        """The model's inputs for one row: name -> flat list of numbers, in the order of its shape."""
        values = {field["name"]: _read(field, row.get(field["name"])) for field in self.said["fields"]}
        parts = {
            "numbers": self._numbers,
            "codes": self._codes,
            "tokens": self._tokens,
            "design": self._design,
        }
        return {one["name"]: parts[one["name"]](values) for one in self.said["tensors"]}

    def answer(self, raw):
        """What the model's output means: its prediction, and its bare outputs (probabilities or values)."""
        how = self.said["answer"]
        if not how["classes"]:
            units = zip(raw, how["scale"], how["centre"], strict=True)
            outputs = [one * scale + centre for one, scale, centre in units]
            named = dict(zip(how["targets"], outputs, strict=False))
            return {"prediction": outputs[0] if how["kind"] == "regression" else named, "outputs": outputs}
        outputs = [1.0 - raw[0], raw[0]] if len(raw) == 1 else list(raw)
        if how["kind"] == "binary":
            place = int(outputs[1] >= how["threshold"])
        else:
            place = outputs.index(max(outputs))
        return {"prediction": how["classes"][place], "outputs": outputs}

    def _numbers(self, values):
        most, found, indicators = self.said["most_deviations"], [], []
        for one in self.said["numbers"]:
            value = values[one["column"]]
            if one["part"] != "value":
                value = self._date_part(value, one["part"])
            missing = math.isnan(value)
            deviations = ((one["median"] if missing else value) - one["centre"]) / one["scale"]
            found.append(_float(min(max(deviations, -most), most)))
            if one["indicator"]:
                indicators.append(float(missing))
        return found + indicators

    def _date_part(self, seconds, part):
        """Howard Hinnant's civil_from_days; years begin in March, so that all numbers are positive."""
        if math.isnan(seconds):
            return math.nan
        moment = min(max(seconds, self.said["first_second"]), self.said["last_second"])
        if part == "days":
            return moment / SECONDS_A_DAY
        second = math.floor(moment) + 719_468 * SECONDS_A_DAY
        days = second // SECONDS_A_DAY
        era = days // 146_097
        day_of_era = days - era * 146_097
        years = day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
        year_of_era = years // 365
        from_march = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
        shifted = (5 * from_march + 2) // 153
        after_december = shifted // 10
        year = year_of_era + era * 400 + after_december
        leap = int(year % 4 == 0) - int(year % 100 == 0) + int(year % 400 == 0)
        parts = {
            "year": year,
            "month": shifted + 3 - 12 * after_december,
            "day": from_march - (153 * shifted + 2) // 5 + 1,
            "weekday": (days + 2) % 7,
            "hour": (second - days * SECONDS_A_DAY) // 3_600,
            "yearday": from_march + 60 + leap - after_december * (365 + leap),
        }
        return float(parts[part])

    def _codes(self, values):
        found = zip(self.said["categories"], self.codes, strict=False)
        return [
            codes.get(values[one["column"]], UNKNOWN) if values[one["column"]] else PADDING
            for one, codes in found
        ]

    def _split(self, place, values):
        """A text's tokens as places in the vocabulary, -1 for others; only A to Z are lowered."""
        text = values[self.said["texts"][place]["column"]].encode().lower().decode()
        return [self.words[place].get(token, -1) for token in self.token.findall(text)]

    def _tokens(self, values):
        found, length = [], self.said["max_tokens"]
        for place, text in enumerate(self.said["texts"]):
            known = self._split(place, values)[:length]
            found += [FIRST_WORD + one if 0 <= one < text["counted_words"] else UNKNOWN for one in known]
            found += [PADDING] * (length - len(known))
        return found

    def _bag(self, place, values):
        """Each term's weight: (1 + log of its count) x rarity, all scaled to length 1."""
        words, terms, text = self._split(place, values), self.terms[place], self.said["texts"][place]
        counts = {}
        singles = [(one, -1) for one in words if one >= 0]
        pairs = [(one, other) for one, other in itertools.pairwise(words) if one >= 0 and other >= 0]
        for found in (*singles, *pairs):
            if found in terms:
                counts[terms[found]] = counts.get(terms[found], 0) + 1
        logarithms, weights, total = self.said["logarithms"], {}, 0.0
        for term in sorted(counts):
            count = min(counts[term], len(logarithms))
            weights[term] = (1 + logarithms[count - 1]) * text["rarity"][term]
            total += weights[term] * weights[term]
        return {term: _float(weight / math.sqrt(total)) for term, weight in weights.items()}

    def _design(self, values):
        """Numbers, each category's codes as 0 and 1, and the bags."""
        found = self._numbers(values)
        for category, code in zip(self.said["categories"], self._codes(values), strict=False):
            found += [float(place == code) for place in range(len(category["kept"]) + 2)]
        bags = []
        for place, text in enumerate(self.said["texts"]):
            weights = self._bag(place, values) if self.terms[place] else {}
            bags += [weights.get(term, 0.0) for term in range(len(text.get("terms", ())))]
        chosen = self.said["terms"]
        return found + (bags if chosen is None else [bags[term] for term in chosen])


def _read(field, value):
    """A number, NaN where missing; or a text, empty where missing."""
    if field["type"] == "string":
        text = "" if value is None else value
        stripped = text.strip(BLANKS)
        return "" if not stripped or stripped in {token.strip(BLANKS) for token in field["missing"]} else text
    number = math.nan if value is None else float(value)
    return math.nan if any(number == _number(token) for token in field["missing"]) else number


def _number(token):
    try:
        return float(token)
    except ValueError:
        return math.nan


def _float(value):
    """Rounded to single precision, once."""
    return struct.unpack("f", struct.pack("f", value))[0]
