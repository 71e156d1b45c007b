"""Lines of text, from docs/frames.md, beside oracle.py."""
import re
from fractions import Fraction

from oracle_bytes import Refused
from oracle_draw import SCALES, digits_of

NUM = re.compile(rb"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?")
NOT_FINITE = re.compile(rb"[+-]?(nan|inf|infinity)", re.I)
TOO_MANY = object()


def description(rng):
    d = {"Sync": rng.choice(["24", "24 41|42", ""]), "End": rng.choice(["0A", "0D 0A"]), "Split": rng.choice(",; "), "Max": rng.choice([60, 300])}
    if rng.random() < 0.3:
        d["Label"] = ":"
    if rng.random() < 0.6:
        end = len(d["End"].split())
        d["Check"] = [{"Kind": "xor8", "Over": [f"1:-{end + 3}"], "Form": "hex"}]
    d["Messages"] = []
    n = rng.randint(1, 3)
    for i in range(n):
        m = {"Name": f"m{i}", "Fields": fields(rng, d)}
        if i < n - 1 or rng.random() < 0.5:
            m["First"] = ["G?A", "GB?", "x7"][i]
            m["Fields"].insert(0, {"Type": "_"})
        if rng.random() < 0.3 and not any(f.get("Repeat") for f in m["Fields"]):
            m["ZeroFill"] = True
        d["Messages"].append(m)
    return d


def fields(rng, d):
    out, checked = [], bool(d.get("Check"))
    for i in range(rng.randint(1, 6)):
        t = rng.choice(["num", "num", "int", "hex", "str", "_"] if checked else ["num", "num", "int", "hex", "_"])
        f = {"Type": t}
        if t != "_":
            f["Name"] = f"v{i}"
        match rng.randrange(6):
            case 0 if t in ("int", "hex"):
                f["Scale"] = rng.choice(SCALES)
            case 1 if t == "num":
                f["Digits"] = rng.randint(0, 4)
            case 2 if t in ("num", "int"):
                f["Invalid"] = [7]
            case 3 if t != "_":
                f["Name"], f["Count"] = f"v{i}x", 2
            case 4:
                f = {"Skip": rng.randint(1, 2)}
        if not checked and "Name" in f and t != "str":
            f["Range"] = [-1000, 1000]
        out.append(f)
    if rng.random() < 0.3:
        out.append({"Name": "rest", "Type": "num", "Repeat": "rest", "Max": 4, "Range": [-1e6, 1e6]})
    if all("Name" not in f for f in out):
        out.append({"Name": "always", "Type": "num", "Range": [-50, 50]})
    return out


def expanded(m):
    """One (name, field) for each piece, and the repeat at the end."""
    out, rest = [], None
    for f in m["Fields"]:
        if f.get("Skip"):
            out += [(None, f)] * f["Skip"]
        elif f.get("Repeat"):
            rest = f
        elif f.get("Count"):
            out += [(f"{f['Name']}{i}", f) for i in range(f["Count"])]
        else:
            out.append((f.get("Name"), f))
    return out, rest


def xor(data):
    v = 0
    for b in data:
        v ^= b
    return f"{v:02X}".encode()


class Lines:
    def __init__(self, d):
        self.d = d
        self.end, self.split = bytes.fromhex(d["End"]), d["Split"].encode()
        self.label = d.get("Label", "").encode()
        self.sync = [[int(a, 16) for a in w.split("|")] for w in d["Sync"].split()]
        self.tail = len(self.end) + (3 if d.get("Check") else 0)

    def line(self, data):
        """A line with that data."""
        text = bytes(w[0] for w in self.sync) + data
        if self.d.get("Check"):
            text += b"*" + xor(text[1:])
        return text + self.end

    def judge(self, b):
        """The message, or None, and the size of the line at the front."""
        if len(b) < len(self.sync) or any(x not in w for x, w in zip(b, self.sync)):
            raise Refused
        n = b.find(self.end, len(self.sync), self.d["Max"])
        if n < 0:
            raise Refused
        line = b[:n + len(self.end)]
        if len(line) < len(self.sync) + self.tail:
            raise Refused
        if self.d.get("Check"):
            said = line[-len(self.end) - 2:-len(self.end)]
            if said.upper() != xor(line[1:-self.tail]):
                raise Refused
        listed = False
        for m in self.d["Messages"]:
            pieces = self.pieces(line)
            if m.get("First") and not self.fits_first(m["First"], pieces[0]):
                continue
            listed = True
            if self.good(m, pieces):
                return m, len(line)
        if listed or not self.d.get("Check"):
            raise Refused
        return None, len(line)

    def pieces(self, line):
        data = line[len(self.sync):len(line) - self.tail]
        if data.endswith(b"\r"):
            data = data[:-1]
        return data.split(self.split)

    @staticmethod
    def fits_first(first, piece):
        return len(first) == len(piece) and all(f in ("?", chr(p)) for f, p in zip(first, piece))

    def good(self, m, pieces):
        wanted, rest = expanded(m)
        if len(pieces) < len(wanted) and not m.get("ZeroFill"):
            return False
        if rest:
            wanted = wanted + [("r", rest)] * min(rest["Max"], len(pieces) - len(wanted))
        return all(self.is_one(f, p) for (name, f), p in zip(wanted, pieces) if name)

    def bare(self, f, piece):
        if f["Type"] == "str":
            return piece
        if self.label:
            piece = piece.split(self.label)[-1]
        return piece.strip(b" \t")

    def is_one(self, f, piece):
        piece = self.bare(f, piece)
        return not piece or f["Type"] == "str" or self.number(f["Type"], piece) is not None

    @staticmethod
    def number(t, text):
        """(value, decimals); None: it is none; TOO_MANY: it has no value."""
        if t == "hex":
            if not re.fullmatch(rb"(0[xX])?[0-9a-fA-F]+", text):
                return None
            v = int(text, 16)
            return (Fraction(v), 0) if v < 2 ** 64 else TOO_MANY
        if t == "int":
            if not re.fullmatch(rb"[+-]?\d+", text):
                return None
            v = int(text)
            return (Fraction(v), 0) if abs(v) < 2 ** 62 else TOO_MANY
        if NOT_FINITE.fullmatch(text):
            return TOO_MANY
        match = NUM.fullmatch(text)
        if not match or not (match[2] or match[3]):
            return None
        decimals = len(match[3] or b"") - int(match[4] or 0)
        mantissa = int((match[1] or b"") + match[2] + (match[3] or b""))
        if decimals < 0:
            mantissa, decimals = mantissa * 10 ** -decimals, 0
        if abs(mantissa) >= 2 ** 62 or decimals > 18:
            return TOO_MANY
        return Fraction(mantissa, 10 ** decimals), decimals

    def values(self, m, pieces, fixed, round_away):
        wanted, rest = expanded(m)
        if rest:
            wanted = wanted + [(f"rest{i}", rest) for i in range(min(rest["Max"], max(0, len(pieces) - len(wanted))))]
        out = {}
        for (name, f), piece in zip(wanted, pieces):
            piece = self.bare(f, piece) if name else b""
            if piece:
                out[name] = self.value(f, piece, fixed, round_away)
        return out

    def value(self, f, piece, fixed, round_away):
        if f["Type"] == "str":
            return "text " + piece.decode("ascii", "replace")
        got = self.number(f["Type"], piece)
        if got is TOO_MANY or got[0] in f.get("Invalid", []):
            return None
        v, digits = got
        if f["Type"] != "num":
            digits = digits_of(f.get("Scale", 1), 0)
            v = v * Fraction(str(f.get("Scale", 1)))
        digits = f.get("Digits", digits)
        mantissa = round_away(v * 10 ** digits)
        if abs(mantissa) >= 2 ** 63 and f["Type"] != "hex":
            return None
        v = Fraction(mantissa, 10 ** digits)
        if f.get("Range") and not f["Range"][0] <= v <= f["Range"][1]:
            return None
        if abs(mantissa) >= 2 ** 63 and f.get("Scale"):
            return None
        return fixed(mantissa, digits)


WORDS = [b"0", b"1", b"-1.50", b".5", b"+7", b"7", b"7.0", b"1.5e-3", b"2e2", b"nan", b"-inf", b"", b" 12 ", b"0x1F", b"ff", b"99999999999999999999",
         b"12.", b"-", b"1.2.3", b"a", b"-0.005", b"0.125", b"1e", b"3\t", b"123456", b"-40", b"FFFFFFFFFFFFFFFF"]


def drawn(fmt, m, rng):
    """The data of a line, mostly good."""
    wanted, rest = expanded(m)
    out = []
    for name, f in wanted + [("r", rest)] * rng.randint(0, 5 if rest else 0):
        word = rng.choice(WORDS)
        if rng.random() < 0.8:
            while name and not fmt.is_one(f, word):
                word = rng.choice(WORDS)
        if fmt.label and rng.random() < 0.3:
            word = b"t:" + word
        out.append(word.replace(b" ", b"") if fmt.split == b" " else word)
    if m.get("First"):
        out[0] = m["First"].replace("?", "Q").encode()
    if rng.random() < 0.2:
        out += [b"9", b"x"][:rng.randint(1, 2)]
    if rng.random() < 0.1:
        out = out[:rng.randint(0, len(out))]
    return fmt.split.join(out) + (b"\r" if rng.random() < 0.1 else b"")


def case(rng, damage, fixed, round_away):
    d = description(rng)
    fmt, frames, line = Lines(d), [], b""
    for _ in range(8):
        m = rng.choice(d["Messages"])
        wire = fmt.line(drawn(fmt, m, rng))
        if len(wire) > d["Max"]:
            continue
        if rng.random() < 0.2:
            wire = damage(wire, rng)
        if rng.random() < 0.05:
            line += b"1" * (d["Max"] + rng.randint(0, 9)) + fmt.end
        line += wire
        frames.append(expect(fmt, wire, fixed, round_away))
    return {"Description": d, "Frames": frames, "Stream": {"Line": line.hex(), "Found": found(fmt, line)}}


def expect(fmt, wire, fixed, round_away):
    out = {"Wire": wire.hex(), "OK": False}
    try:
        m, total = fmt.judge(wire)
    except Refused:
        return out
    if total == len(wire):
        out["OK"], out["Message"] = True, m["Name"] if m else ""
        if m:
            out["Values"] = fmt.values(m, fmt.pieces(wire), fixed, round_away)
    return out


def found(fmt, line):
    """Without sync and check nothing but the end marker tells lines apart, and
    the first one may be a part."""
    out, at = [], 0
    if not fmt.sync and not fmt.d.get("Check"):
        at = line.find(fmt.end) + len(fmt.end) if fmt.end in line else len(line)
        while fmt.end in line[at:]:
            n = line.find(fmt.end, at) + len(fmt.end)
            try:
                if fmt.judge(line[at:n])[1] == n - at:
                    out.append(line[at:n].hex())
            except Refused:
                pass
            at = n
        return out
    while at < len(line):
        try:
            total = fmt.judge(line[at:])[1]
            out.append(line[at:at + total].hex())
            at += total
        except Refused:
            at += 1
    return out
