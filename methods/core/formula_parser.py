"""From the text of a formula to symbols: a grammar as Python's, of which nothing is ever executed.

    sum      = product (("+" | "-") product)*
    product  = signed (("*" | "/") signed)*
    signed   = ("+" | "-") signed | power
    power    = atom ["**" signed]
    atom     = number | name | function "(" sum ")" | "(" sum ")"

A sum may have any number of terms, as the polynomials of three loops do: Python's own parser ends at a thousand. What
could not be evaluated in double precision is refused while it is read, since it could also take for ever to write down:
9**9**9 has 370 million digits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import sympy

from methods.core.errors import InputError

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan")

TOKEN = re.compile(
    r"\s*(?:((?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|([^\W\d]\w*)|(\*\*|[-+*/()])|(\d+\.?\d*|.))",
    re.DOTALL,
)
"""A number, a name, an operator or bracket; last what is none of these, such as ";", and the 12 of 12x."""

DEEPEST = 60
"""Brackets, signs and powers within each other."""

LARGEST_EXPONENT = 1000
"""Largest exponent of anything but a number: more is no formula of physics, and multiplying it out takes for ever."""

MOST_BITS = 10_000
"""Most bits of a number's numerator or denominator: those of double precision have 1,074 at most."""

GROWING = ("exp", "sinh", "cosh")
LARGEST_ARGUMENT = 709.0
"""Largest |argument| of the functions in GROWING: exp(710) is infinite in double precision; exp(−710) is refused too,
since its inverse is."""

QUOTED = 60
"""Characters of a formula that an error shows."""

INFINITE = (sympy.zoo, sympy.nan, sympy.oo, -sympy.oo)


def parse(text: str, symbols: Mapping[str, sympy.Expr]) -> sympy.Expr:
    """Turn text into a sympy expression without executing it.

    Raises
    ------
    InputError
        For anything but numbers, `symbols`, + - * / ** and the functions in `FUNCTIONS`, for what is not real, and for
        constants that are not finite in double precision.
    """
    parser = _Parser(text, symbols)
    found = parser.sum_of_products(0)
    if parser.next:
        raise parser.left_over()
    for number in found.atoms(sympy.Number):
        if number != 0 and not 0 < abs(_as_float(number)) < math.inf:
            raise parser.error(f"holds the number {shortened(str(number))}, which double precision does not have")
    return found


def shortened(text: str) -> str:
    """Return a text, or its beginning and its length where it is long."""
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}… ({len(text):,} characters)"


class _Parser:
    """Reads a formula from left to right; `next` is the token that comes, "" at the end."""

    def __init__(self, text: str, symbols: Mapping[str, sympy.Expr]) -> None:
        self._text, self._symbols = text, symbols
        self._tokens = ["".join(groups) for groups in TOKEN.findall(text.rstrip())]
        self._position = 0

    @property
    def next(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def take(self) -> str:
        token = self.next
        self._position += 1
        return token

    def error(self, what: str) -> InputError:
        return InputError(f"The formula {shortened(self._text.strip())!r} {what}.")

    def refused(self, token: str) -> InputError:
        if not token:
            return self.error("ends where a number, a name or a bracket is due")
        allowed = shortened(", ".join([*self._symbols, *FUNCTIONS]))
        given = f"{shortened(token)!r} is not allowed in a formula, here {shortened(self._text.strip())!r}"
        return InputError(f"{given}; use numbers, + - * / ** and {allowed}.")

    def left_over(self) -> InputError:
        """Refuse what comes where an operator or a closing bracket is due."""
        begins_a_factor = self.next in ("(", "pi", *FUNCTIONS, *self._symbols) or _is_number(self.next)
        if not begins_a_factor:
            return self.refused(self.next)
        before = self._tokens[self._position - 1]
        return self.error(
            f"has {shortened(before)!r} and {shortened(self.next)!r} side by side; write * between factors"
        )

    def sum_of_products(self, depth: int) -> sympy.Expr:
        terms = [self.product(depth)]
        while self.next in ("+", "-"):
            sign = self.take()
            term = self.product(depth)
            terms.append(term if sign == "+" else -term)
        return terms[0] if len(terms) == 1 else self.finite(sympy.Add(*terms))

    def product(self, depth: int) -> sympy.Expr:
        result = self.signed(depth)
        while self.next in ("*", "/"):
            divides = self.take() == "/"
            factor = self.signed(depth)
            if divides and factor == 0:
                raise self.error("divides by zero")
            result = result / factor if divides else result * factor
        return self.finite(result)

    def signed(self, depth: int) -> sympy.Expr:
        is_negative = False
        while self.next in ("+", "-"):
            is_negative ^= self.take() == "-"
        result = self.power(depth)
        return -result if is_negative else result

    def power(self, depth: int) -> sympy.Expr:
        base = self.atom(depth)
        if self.next != "**":
            return base
        self.take()
        exponent = self.signed(self.deeper(depth))
        self.check_power(base, exponent)
        result = self.real(base**exponent)
        self.check_power(*result.as_base_exp())  # of a power of a power
        return result

    def atom(self, depth: int) -> sympy.Expr:
        token = self.take()
        if _is_number(token):
            return self.number(token)
        if token in self._symbols:
            return self._symbols[token]
        if token == "pi":
            return sympy.pi
        if token == "(":
            return self.bracketed(depth)
        if token in FUNCTIONS and self.next == "(":
            self.take()
            return self.function(token, self.bracketed(depth))
        raise self.refused(token)

    def bracketed(self, depth: int) -> sympy.Expr:
        inner = self.sum_of_products(self.deeper(depth))
        if self.next != ")":
            raise self.left_over()
        self.take()
        return inner

    def deeper(self, depth: int) -> int:
        if depth >= DEEPEST:
            raise self.error(f"has more than {DEEPEST} brackets or powers within each other")
        return depth + 1

    def number(self, token: str) -> sympy.Expr:
        try:
            value: Any = int(token) if re.fullmatch(r"[\d_]+", token) else float(token)
            is_finite = abs(float(value)) < math.inf
        except (ValueError, OverflowError):
            raise self.error(f"holds {shortened(token)}, which is no number of double precision") from None
        is_lost = value == 0 and re.search(r"[1-9]", re.split("[eE]", token)[0])
        if re.fullmatch(r"0[\d_]*[1-9][\d_]*", token):
            raise self.error(f"holds {shortened(token)}, which begins with a zero; write whole numbers without it")
        if not is_finite or is_lost:
            raise self.error(f"holds {shortened(token)}, which is no number of double precision")
        return sympy.Rational(str(value))

    def function(self, name: str, argument: sympy.Expr) -> sympy.Expr:
        if name in GROWING and argument.is_number and abs(_as_float(argument)) > LARGEST_ARGUMENT:
            result = "too small for" if name == "exp" and argument.is_negative else "infinite in"
            raise self.error(f"asks for {name} of {shortened(str(argument))}, which is {result} double precision")
        is_outside = {"log": argument.is_extended_nonpositive, "sqrt": argument.is_extended_negative}.get(name)
        if is_outside and not argument.is_number:
            raise self.error(f"asks for {name} of {shortened(str(argument))}, which is not real")
        # tan(x + pi/2) is −cot(x) for sympy, a function that arrays do not have.
        return self.real(getattr(sympy, name)(argument).replace(sympy.cot, lambda x: 1 / sympy.tan(x)))

    def check_power(self, base: sympy.Expr, exponent: sympy.Expr) -> None:
        """Refuse powers before they are computed: of numbers by their digits, of others by the exponent."""
        if base.is_extended_negative and exponent.is_integer is False and not base.is_number:
            raise self.error(f"has a power {shortened(str(exponent))} of {shortened(str(base))}, which is not real")
        if not exponent.is_number:
            return
        size = abs(_as_float(exponent))
        if not base.is_number and size > LARGEST_EXPONENT:
            raise self.error(f"has the exponent {shortened(str(exponent))}; {LARGEST_EXPONENT} is the largest")
        if base.is_Rational and exponent.is_Rational:
            if size * max(base.p.bit_length(), base.q.bit_length()) > MOST_BITS:
                raise self.error(f"has a power of {shortened(str(base))} that is too large or too small a number")
        elif base.is_number and size * abs(math.log(abs(_as_float(base)) or 1.0)) > LARGEST_ARGUMENT:
            raise self.error(f"has a power of {shortened(str(base))} that is too large or too small a number")

    def real(self, value: sympy.Expr) -> sympy.Expr:
        """Return what was computed; refuse what is not real, and a constant that is not finite."""
        if (self.finite(value).is_number and value.is_real is False) or value.has(sympy.I):
            raise self.error(f"holds {shortened(str(value))}, which is not real")
        return value

    def finite(self, value: sympy.Expr) -> sympy.Expr:
        if value in INFINITE or (value.is_number and value.has(*INFINITE)):
            raise self.error("holds a constant that is not finite")
        return value


def _is_number(token: str) -> bool:
    """Tell whether a token is a number, or would be one."""
    return token[:1].isdecimal() or (token[:1] == "." and len(token) > 1)


def _as_float(number: sympy.Expr) -> float:
    """Return a constant in double precision, infinity where it is larger."""
    try:
        return float(number)
    except OverflowError:
        return math.inf
