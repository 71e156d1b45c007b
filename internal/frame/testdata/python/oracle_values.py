"""What the bytes of a field mean, for oracle.py."""
import math
import struct
from fractions import Fraction

import oracle_draw as draw
from oracle_bytes import bits_of, from_bits, parse_type, reorder, signed
from oracle_expr import evaluate, round_away


class Values:
    """The values of one pass over the fields; Walk knows their places."""

    @staticmethod
    def image(order, at, bit, n, v):
        """The bytes in which an unsigned number stands, all other bits 0."""
        if bit is None:
            return v.to_bytes(n, "little" if order == "<" else "big")
        bits = [int(c) for c in f"{v:0{n}b}"]
        if order == "<":
            bits.reverse()
        bits = [0] * bit + bits
        bits += [0] * (-len(bits) % 8)
        return bytes(from_bits(bits[i:i + 8], order) for i in range(0, len(bits), 8))

    def settle(self, name, text, number, at):
        self.number[name] = number if text is not None else None
        if name[0] != "_":
            self.values[name] = text

    def input(self, name):
        """The value of an earlier field, of the same repetition first."""
        own = self.named(name, self.suffix)
        return self.number[own] if own in self.number else self.number.get(name)

    def read(self, f, name, bit, n, data):
        """(raw, text, number, image): text is None where there is no value."""
        order, kind, size = parse_type(f["Type"]) if f["Type"] not in ("s", "z") else ("<", f["Type"], n)
        if kind in ("s", "z", "hex"):
            return self.read_text(f, kind, n, data)
        if kind == "?":
            on = data[0] != 0
            return int(on), "true" if on else "false", int(on), bytes([on])
        if kind in ("e", "f", "d"):
            return self.read_float(f, order, kind, data)
        bits = n if bit is not None else 8 * n
        image = None
        if bit is not None:
            raw = from_bits(bits_of(data, order)[bit:bit + n], order)
            image = lambda v: self.image(order, 0, bit, n, v)
        else:
            plain = data
            if f.get("Order"):
                plain, order = reorder(data, f["Order"]), ">"
            if kind == "bcd":
                return self.read_bcd(f, order, data)
            if kind == "midi":
                digits = [b & 0x7F for b in plain]
                if order == "<":
                    digits.reverse()
                raw = 0
                for x in digits:
                    raw = raw << 7 | x
                bits = 7 * n

                def image(v):
                    out = [v >> 7 * i & 0x7F for i in range(n)]
                    return bytes(out if order == "<" else out[::-1])
            else:
                raw = int.from_bytes(plain, "little" if order == "<" else "big")

                def image(v):
                    b = v.to_bytes(n, "little" if order == "<" else "big")
                    if f.get("Order"):
                        b = bytes(b["ABCDEFGH".index(c)] for c in f["Order"])
                    return b
        stored = raw
        if kind in ("iN", "i", "b", "h", "l", "q"):
            raw = signed(raw, bits)
        if f.get("Sign") == "msb":
            negative, raw = raw >> (bits - 1), raw & ~(1 << (bits - 1))
            if raw == 0:
                stored = 0
            raw = -raw if negative else raw
        elif f.get("Sign"):
            sign = self.input(f["Sign"])
            raw = -raw if sign else raw
            self.exact = False
        return (raw, *self.scaled(f, raw), image(stored))

    def read_bcd(self, f, order, data):
        digits = data.hex()
        plain = data[::-1] if order == "<" else data
        negative = 0
        if f.get("Sign") == "msb":
            negative, plain = plain[0] >> 7, bytes([plain[0] & 0x7F]) + plain[1:]
        digits = plain.hex()
        if not digits.isdigit():
            return 0, None, None, None
        raw = int(digits)
        if f.get("Sign") not in (None, "msb"):
            negative = self.input(f["Sign"])
            self.exact = False
        image = data
        if raw == 0 and negative:
            image = bytes(len(data))
        raw = -raw if negative else raw
        return (raw, *self.scaled(f, raw), image)

    def scaled(self, f, raw):
        if raw in f.get("Invalid", []):
            return None, None
        if f.get("Map"):
            return (str(raw) if raw in {int(k, 0) for k in f["Map"]} else None), raw
        if not any(k in f for k in ("Scale", "Offset", "Digits", "Range")):
            return str(raw), float(raw)
        scale, offset = Fraction(str(f.get("Scale", 1))), Fraction(str(f.get("Offset", 0)))
        digits = f.get("Digits")
        if digits is None:
            digits = draw.digits_of(f.get("Scale", 1), f.get("Offset", 0))
        v = scale * raw + offset
        mantissa = round_away(v * 10 ** digits)
        if not -2 ** 63 <= mantissa < 2 ** 63 and not (digits == 0 and scale == 1 and offset == 0):
            return None, None
        v = Fraction(mantissa, 10 ** digits)
        if f.get("Range") and not Fraction(str(f["Range"][0])) <= v <= Fraction(str(f["Range"][1])):
            return None, None
        return fixed(mantissa, digits), float(v)

    def total(self, f, name, raw):
        modulus = f["Counter"]
        if modulus is True:
            modulus = 1 << 8 * struct.calcsize("<" + f["Type"][-1])
        if raw >= modulus:
            return None, None
        key = (self.m["Name"], name)
        if key not in self.totals:
            self.totals[key] = (raw, raw)
        else:
            last, total = self.totals[key]
            step = (raw - last) % modulus
            if step > modulus // 2:
                step -= modulus
            self.totals[key] = (raw, total + step)
        self.exact = False
        v = self.totals[key][1]
        plain = {k: w for k, w in f.items() if k in ("Scale", "Offset", "Digits")}
        return self.scaled(plain, v)

    def read_float(self, f, order, kind, data):
        v = struct.unpack(order + kind, data)[0]
        if not math.isfinite(v) or v in f.get("Invalid", []):
            return v, None, None, data
        image = data
        if f.get("Scale") is not None or f.get("Offset") is not None:
            v = v * float(Fraction(str(f.get("Scale", 1)))) + float(Fraction(str(f.get("Offset", 0))))
            image = None
        if f.get("Range") and not f["Range"][0] <= v <= f["Range"][1]:
            return v, None, None, data
        if not math.isfinite(v):
            return v, None, None, data
        return v, "float " + repr(v), v, image

    def read_text(self, f, kind, n, data):
        if kind == "hex":
            text, image = data.hex().upper(), data
        elif kind == "z":
            data = data.split(b"\0")[0]
            text = None
        else:
            data = data.rstrip(b"\0")
            text = None
        if text is None:
            text, image = utf8(data), data
            if "\ufffd" in text:
                self.exact = False
        if f["Type"] == "s" and len(data) < n:
            self.exact = False  # it is written shorter
        if text in f.get("Invalid", []):
            return data, None, None, image
        return data, "text " + text, None, image

    def computed(self, f, suffix):
        name = self.named(f["Name"], suffix)
        v = evaluate(f["Expr"], self.input)
        if f.get("When"):
            holds = evaluate(f["When"], self.input)
            if holds is None or holds == 0:
                v = None
        digits = f.get("Digits", 3)
        text = number = None
        if v is not None and math.isfinite(v):
            x = v * 10.0 ** digits
            m = math.inf
            if math.isfinite(x):
                m = math.trunc(x)
                if abs(x - m) >= 0.5:
                    m += 1 if x > 0 else -1
            if abs(m) < 2 ** 63 and not (f.get("Range") and not f["Range"][0] <= Fraction(m, 10 ** digits) <= f["Range"][1]):
                text, number = fixed(m, digits), m / 10 ** digits
        self.settle(name, text, number, None)
        if name[0] != "_":
            self.computes = getattr(self, "computes", set()) | {name}


def utf8(data):
    """Each run of bytes that are no UTF-8 is one U+FFFD, as in Go."""
    out, bad = "", False
    while data:
        for n in range(1, 5):
            try:
                out, data, bad = out + data[:n].decode(), data[n:], False
                break
            except UnicodeDecodeError:
                continue
        else:
            if not bad:
                out += "\ufffd"
            data, bad = data[1:], True
    return out


def fixed(mantissa, digits):
    text = f"{abs(mantissa):0{digits + 1}d}"
    if digits:
        text = text[:-digits] + "." + text[-digits:]
    return ("-" if mantissa < 0 else "") + text
