"""Apache Commons Text's StringSubstitutor with its defaults, which both clusters fill their templates with.

What matters here: it replaces in the values too, so a product's text that holds a placeholder is not safe; "$" escapes;
":-" begins a default; an unknown name is left as it is; a cycle is an error.
"""

from collections.abc import Mapping


class IllegalStateError(Exception):
    """Java's IllegalStateException."""


class StringSubstitutor:
    def __init__(self, values: Mapping[str, str], prefix: str, suffix: str = "}") -> None:
        self.values = values
        self.prefix = prefix
        self.suffix = suffix

    def replace(self, source: str) -> str:
        return self._substitute(source, [])

    def _substitute(self, text: str, above: list[str]) -> str:
        at = 0
        while True:
            at = text.find(self.prefix, at)
            if at < 0:
                return text
            if at > 0 and text[at - 1] == "$":  # escaped: the escape goes, the placeholder stays
                text = text[: at - 1] + text[at:]
                at += len(self.prefix) - 1
                continue
            begin = at + len(self.prefix)
            end = text.find(self.suffix, begin)
            if end < 0:
                return text
            expression = text[begin:end]
            name, default = expression, None
            mark, inner = expression.find(":-"), expression.find(self.prefix)
            if mark >= 0 and not 0 <= inner < mark:
                name, default = expression[:mark], expression[mark + 2 :]
            if name in above:
                raise IllegalStateError(f"Infinite loop in property interpolation of {name}")
            value = self.values.get(name, default)
            after = end + len(self.suffix)
            if value is None:
                at = after
                continue
            value = self._substitute(value, [*above, name])
            text = text[:at] + value + text[after:]
            at += len(value)
