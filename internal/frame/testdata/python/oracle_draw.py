"""Random descriptions for oracle.py."""
from fractions import Fraction

import oracle_expr

KINDS = ["sum8", "xor8", "neg-sum8", "not-sum8", "sum16", "sum+sum", "crc-16/modbus", "crc-16/xmodem", "crc-8/smbus", "crc-32/iso-hdlc"]
WIDE = {"sum16", "crc-16/modbus", "crc-16/xmodem", "crc-32/iso-hdlc"}  # endian must be said
SCALES = [0.1, 0.01, 0.001, 0.5, 2, 10, -1, "16/32768", "1/32768", "180/32768", 0.25]


def digits_of(scale, offset):
    """Decimals sent where a field does not say."""
    def exact(v):
        v, d = Fraction(str(v)), 0
        while v.denominator != 1 and d < 19:
            v, d = v * 10, d + 1
        return d
    if isinstance(scale, str):
        s, d = abs(Fraction(scale)), 0
        while s < 1:
            s, d = s * 10, d + 1
        return max(min(d, exact(scale)), exact(offset))
    return max(exact(scale), exact(offset))


def description(rng):
    d = {"Max": 1000}
    stuff(rng, d)
    framing = rng.choice(["size", "length", "length", "length", "varint", "fields", "counts", "end"])
    if (d.get("Stuff") or {}).get("Kind") in ("hdlc", "slip", "cobs") and rng.random() < 0.6:
        framing = "delimiter"
    if (d.get("Stuff") or {}).get("Kind") == "dxl2":
        framing = "length"
    if framing == "end":
        d["End"] = rng.choice(["0D 0A", "55", "7D"])
    elif rng.random() < 0.2:
        d["End"] = rng.choice(["0D 0A", "FE"])
    head(rng, d, framing)
    checks(rng, d)
    plain = framing != "varint" and (d.get("Stuff") or {}).get("Kind") != "dxl2"
    if plain and framing != "counts" and rng.random() < 0.25:
        d["Unmask"] = rng.choice([{"Sub": 0x33}, {"Xor": 0x5A}])
    if not plain or d.get("Unmask"):
        framing += " viewed"
    messages(rng, d, framing)
    return d


def stuff(rng, d):
    d["Sync"] = rng.choice(["AA", "AA 55", "A5 5?", "AA 03|04", "68"])
    match rng.randrange(14):
        case 0 | 1 | 2 as i:
            d["Stuff"] = {"Kind": ["hdlc", "slip", "cobs"][i]}
            if rng.random() < 0.5:
                d["Sync"] = ""
        case 3:
            d["Stuff"], d["Sync"] = {"Kind": "xbee"}, rng.choice(["7E", "", "7E 0?", "7E ??"])
            d["Sync"] = d["Sync"] or "7E"
        case 4:
            d["Stuff"], d["Sync"] = {"Kind": "dxl2"}, "FF FF FD 00"
        case 5:
            d["Stuff"], d["Sync"] = {"Esc": 0xFD, "Map": {"0x0D": 0xFD, "0x0A": 0xAA, "0x01": 0x0D}}, rng.choice(["AA", "AA 55", "55"])


def head(rng, d, framing):
    """Length, id, sequence number and constants of the head, in any order."""
    at = len(d["Sync"].split())
    parts = rng.sample(["length", "id", "seq", "gap", "sum"], 5)
    for part in parts:
        if part == "length" and framing in ("length", "varint"):
            if framing == "varint":
                d["Length"] = {"At": at, "Type": "varint"}
                at += 1
                break
            d["Length"] = {"At": at, "Type": rng.choice(["", "B", "<H", ">H", "<u24"])}
            at += {"": 1, "B": 1, "<H": 2, ">H": 2, "<u24": 3}[d["Length"]["Type"]]
            if rng.random() < 0.2:
                d["Length"]["Mul"] = 2
        elif part == "id" and rng.random() < 0.5:
            d["ID"] = {"At": at, "Type": rng.choice(["B", "<H", ">H"])}
            at += 1 if d["ID"]["Type"] == "B" else 2
        elif part == "seq" and rng.random() < 0.3:
            d["Seq"] = {"At": at}
            at += 1
        elif part == "gap" and rng.random() < 0.2:
            at += 1
        elif part == "sum" and framing == "length" and d.get("Length") and rng.random() < 0.2:
            d["Length"]["Sum"] = [{"At": at}]
            at += 1
    if d.get("Length"):
        d["Length"]["Add"] = rng.randint(0, at + 1)
    d["Data"] = at


def checks(rng, d):
    kinds = rng.sample(KINDS, 2)
    varint = (d.get("Length") or {}).get("Type") == "varint"
    d["Check"] = [one(rng, kinds[0])]
    if rng.random() < 0.2 and not varint:
        d["Check"][0]["Over"] = rng.choice([[f"1:-{4 + len(d.get('End', '').split())}"], ["0:2", "3:-6"]])
    if rng.random() < 0.2 and not varint and d["Data"]:
        k = one(rng, kinds[1])
        k["At"] = d["Data"]
        if rng.random() < 0.5:
            k["Blank"], k["Over"] = True, [f"0:{d['Data'] + 1}"]
        d["Check"].append(k)
        d["Data"] += {"sum16": 2, "sum+sum": 2, "crc-16/modbus": 2, "crc-16/xmodem": 2, "crc-32/iso-hdlc": 4}.get(k["Kind"], 1)


def one(rng, kind):
    k = {"Kind": kind}
    if kind in WIDE:
        k["Endian"] = rng.choice(["little", "big"])
    return k


def messages(rng, d, framing):
    n = 1 if not d.get("ID") else rng.randint(1, 3)
    if n > 1 and rng.random() < 0.2:
        d["Strict"] = True
    d["Messages"] = []
    if d.get("ID") and rng.random() < 0.2:
        d["Check"][0]["Extra"] = "crc_extra"
    for i in range(n):
        m = {"Name": f"m{i}"}
        if d.get("ID") and (n > 1 or rng.random() < 0.8):
            m["ID"] = sorted(rng.sample(range(7 * i, 7 * i + 7), rng.randint(1, 2)))
        if d["Check"][0].get("Extra"):
            m["CRCExtra"] = rng.randrange(256)
        draw = Fields(rng, framing)
        m["Fields"] = draw.fields
        if framing.split()[0] == "size":
            m["Size"] = d["Data"] + draw.most + rng.randint(0, 3) + tail(d) + draw.from_end
        if framing in ("length", "delimiter") and not draw.rest and rng.random() < 0.25:
            m["ZeroFill"] = True
        if draw.from_end:
            m["Fields"].append({"Name": "last", "Type": "B", "At": -tail(d) - draw.from_end})
        d["Messages"].append(m)


def tail(d):
    sizes = {"sum16": 2, "sum+sum": 2, "crc-16/modbus": 2, "crc-16/xmodem": 2, "crc-32/iso-hdlc": 4}
    return sizes.get(d["Check"][0]["Kind"], 1) + len(d.get("End", "").split())


class Fields:
    """The fields of one message."""

    def __init__(self, rng, framing):
        self.rng, self.fields, self.most, self.rest, self.from_end = rng, [], 0, False, 0
        self.numbers, self.signs, self.series = [], [], 0
        framing, _, self.viewed = framing.partition(" ")
        self.series_ok = framing in ("length", "delimiter", "counts", "size") and not self.viewed
        for _ in range(rng.randint(1, 7)):
            self.part()
        if framing == "counts" and not self.series:
            self.counted()
        if framing == "end":
            self.open()
        elif framing in ("length", "varint", "delimiter") and rng.random() < 0.25:
            self.open()
        if not self.rest and framing not in ("end", "counts", "fields") and rng.random() < 0.2:
            self.from_end = rng.randint(1, 2)
        if not any(True for f in self.fields if f.get("Name", "_")[0] != "_" or f.get("Group")):
            self.fields.insert(0, {"Name": "always", "Type": "B"})
            self.most += 1
        if rng.random() < 0.3 and self.numbers:
            self.fields.append({"Name": "calc", "Expr": oracle_expr.drawn(rng, self.numbers)})
            if rng.random() < 0.3:
                self.fields[-1]["Digits"] = rng.randint(0, 6)

    def name(self):
        return f"v{len(self.fields)}{self.rng.choice('abcdefgh')}x"

    def part(self):
        match self.rng.randrange(12):
            case 0:
                f = self.scalar(self.name())
                f.pop("Name")
                f.pop("When", None)
                if f["Type"].lstrip("<>")[0] in "uiBbHhI" and "hex" not in f["Type"] and "bcd" not in f["Type"] and "Sign" not in f and "Order" not in f and width(f["Type"]) <= 57 and not self.viewed:
                    bits = width(f["Type"])
                    signed = f["Type"].lstrip("<>")[0] in "ibh"
                    low = -(1 << bits - 1) if signed else 0
                    value = self.rng.randint(low, low + (1 << bits) - 1)
                    self.fields.append({"Type": f["Type"], "Const": min(max(value, -2 ** 63), 2 ** 63 - 1)})
                else:
                    self.fields.append({"Skip": 1})
                self.most += 9
            case 1:
                self.fields.append({"Skip": self.rng.randint(1, 3)})
                self.most += 4
            case 2 if self.series_ok and self.series < 6:
                self.counted()
            case 3 if self.series_ok and self.series < 6:
                self.series += 1
                self.fields.append({"Name": self.name(), "Type": "z", "Max": self.rng.randint(1, 6)})
                self.most += 6
            case 4:
                n, members = self.rng.randint(1, 3), self.members()
                self.fields.append({"Count": n, "Group": members})
                self.most += 10 * n * len(members)
            case 5:
                t = self.rng.choice(["B", "<u5", ">u7", "<u16", ">H"])
                flags = {str(b): f"{self.name()}f{b}g" for b in self.rng.sample(range(width(t)), 2)}
                self.fields.append({"Type": t, "Flags": flags})
                self.most += 3
            case 6:
                f = {"Name": "_" + self.name(), "Type": self.rng.choice(["B", "<u1", ">u3", "?"])}
                self.fields.append(f)
                self.fields.append({"Name": self.name(), "Type": self.rng.choice(["<H", ">I", "<u12", ">bcd2", "B"]), "Sign": f["Name"]})
                self.most += 6
            case 7:
                t = self.rng.choice(["B", "<H", "<u12", ">u24"])
                f = {"Name": self.name(), "Type": t, "Counter": self.rng.choice([100, 200, 256, 33])}
                self.fields.append(f)
                self.most += 4
            case _:
                f = self.scalar(self.name())
                if self.rng.random() < 0.2 and "When" not in f:
                    f["Count"] = self.rng.randint(1, 3)
                if self.rng.random() < 0.15:
                    f["Name"] = "_" + f["Name"]
                if "Count" not in f and f["Type"][-1] not in "sz" and "hex" not in f["Type"]:
                    self.numbers.append(f["Name"])
                self.fields.append(f)
                self.most += 27

    def scalar(self, name):
        rng = self.rng
        order = rng.choice(["<", ">", ""])
        t = rng.choice(["b", "B", "h", "H", "i", "I", "q", "Q", "e", "f", "d", "?", "u", "i", "u", "u", "bcd", "midi", "hex", "s", "z"])
        f = {"Name": name}
        if t in ("u", "i") and rng.random() < 0.8:
            t += str(rng.choice([1, 2, 3, 5, 7, 8, 11, 12, 16, 24, 40, 63, 64, rng.randint(1, 64)]))
        elif t == "u":
            t = "u8"
        elif t in ("bcd", "midi", "hex"):
            t += str(rng.randint(1, 8))
        elif t in ("s", "z"):
            t = str(rng.randint(1, 6)) + t
            order = ""
        if t.startswith("hex") or t == "?":
            order = ""
        f["Type"] = order + t
        if t in ("H", "I", "i", "h", "Q", "u16", "u32") and rng.random() < 0.2:
            f["Type"] = t
            size = width(t) // 8
            f["Order"] = rng.choice({2: ["BA", "AB"], 4: ["CDAB", "BADC", "DCBA"], 8: ["GHEFCDAB", "BADCFEHG"]}[size])
        self.meaning(f, t)
        if self.numbers and rng.random() < 0.1:
            f["When"] = oracle_expr.drawn(rng, self.numbers)
        return f

    def meaning(self, f, t):
        rng = self.rng
        integer = t[0] in "bBhHIiqQu" and t[:3] not in ("bcd", "hex") or t[:4] == "midi"
        match rng.randrange(8):
            case 0 if integer and width(t) <= 32 or t[:3] == "bcd":
                f["Scale"] = rng.choice(SCALES)
                if rng.random() < 0.3:
                    f["Offset"] = rng.choice([-40, 0.5, 100])
            case 1 if integer:
                f["Invalid"] = [rng.choice([0, 1])]
                if width(t) < 2 or t[0] in "i" and width(t) < 3:
                    f["Invalid"] = [0]
            case 2 if integer and width(t) > 4:
                f["Range"] = [0, 100]
            case 3 if integer and width(t) > 2:
                f["Map"] = {"0": "idle", "1": "run", "0x02": "off"}
            case 4 if t[0] in "HIQBu" and width(t) > 1:
                f["Sign"] = "msb"
            case 5 if t in ("f", "d", "e"):
                f["Range"] = [-1000, 1000]
            case 6 if t[-1] in "sz":
                f["Invalid"] = [""]

    def members(self):
        out = []
        for _ in range(self.rng.randint(1, 3)):
            f = self.scalar(self.name() + "g")
            f.pop("When", None)
            out.append(f)
        for i, f in enumerate(out):
            f["Name"] = f["Name"][:-1] + "ghk"[i]
        if self.rng.random() < 0.2 and out[0]["Type"][-1] not in "sz" and "hex" not in out[0]["Type"]:
            names = [out[0]["Name"]] + self.numbers[:2]
            out.append({"Name": out[0]["Name"][:-1] + "c", "Expr": oracle_expr.drawn(self.rng, names)})
        return out

    def counted(self):
        self.series += 1
        most = self.rng.randint(1, 4)
        n = {"Name": self.rng.choice(["_n", "n"]) + self.name(), "Type": self.rng.choice(["B", ">H", "<u24", "<u5"]), "counts": most}
        self.fields.append(n)
        match self.rng.randrange(3):
            case 0:
                self.fields.append({"Repeat": n["Name"], "Max": most, "Group": self.members()})
            case 1:
                self.fields.append({"Name": self.name(), "Type": "s", "Repeat": n["Name"], "Max": most})
            case _:
                self.fields.append({"Name": self.name(), "Type": self.rng.choice(["B", "<h", ">f", "<u24"]), "Repeat": n["Name"], "Max": most})
        self.most += 3 + 30 * most

    def open(self):
        self.rest = True
        if self.rng.random() < 0.3:
            self.fields.append({"Name": self.name(), "Type": "s", "Repeat": "rest", "Max": 9})
        elif self.rng.random() < 0.5:
            self.fields.append({"Name": self.name(), "Type": self.rng.choice(["B", "<h", ">I"]), "Repeat": "rest", "Max": 5})
        else:
            self.fields.append({"Repeat": "rest", "Max": 4, "Group": self.members()})


def width(t):
    """Bits of a number."""
    t = t.lstrip("<>")
    if t[0] in "ui" and t[1:].isdigit():
        return int(t[1:])
    if t[:4] == "midi":
        return 7 * int(t[4:])
    return {"b": 8, "h": 16, "i": 32, "l": 32, "q": 64, "?": 8, "e": 16, "f": 32, "d": 64}.get(t[0].lower(), 64)
