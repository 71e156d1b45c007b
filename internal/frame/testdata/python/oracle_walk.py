"""Where the fields of a frame stand, for oracle.py."""
from oracle_bytes import Refused, parse_type
from oracle_expr import evaluate
from oracle_values import Values


class Walk(Values):
    """One pass over the fields of a message.

    values  property to its text, or None where it has no value
    canon   the data again, with nothing in it but what the values say
    """


    def __init__(self, fmt, m, view, limit=None, totals=None, build=None):
        self.fmt, self.m, self.view, self.build = fmt, m, bytearray(view), build
        self.zero = m.get("ZeroFill")
        self.end = len(view) - fmt.trailer if limit is None else limit
        self.partial = limit is not None
        self.canon = bytearray(len(view))
        self.totals = {} if totals is None else totals
        self.at, self.run, self.bit = fmt.d.get("Data", 0), None, 0
        self.need, self.used, self.from_end = self.at, self.at, 0
        self.values, self.raw, self.number = {}, {}, {}
        self.count_of, self.suffix = {}, ""
        self.good, self.exact, self.rest_end, self.series = True, True, 0, False
        for f in m["Fields"]:
            self.field(f, "")
        if self.zero and self.from_end and len(view) - self.from_end < fmt.d.get("Data", 0):
            self.good = False
        if not self.partial and not self.zero and (self.need > self.end or (self.need if self.series else self.used) > len(view) - self.from_end):
            self.good = False

    def counted_size(self):
        """Whether parts of a length of their own say the frame's size."""
        return self.series and not (self.fmt.d.get("Length") or self.fmt.delimiter is not None or self.fmt.end and self.rest_end)

    def take(self, at, n, skipped=False):
        """n bytes at a place; those that are missing are 0 with zero_fill."""
        if self.build and at >= 0:
            while len(self.view) < at + n:
                self.view.append(self.build.byte())
                self.canon.append(0)
            self.end = len(self.view)
        if at < 0:
            self.from_end = max(self.from_end, -at)
            if self.partial or self.build:
                return bytes(n)
            at += len(self.view)
            if at < 0:
                raise Refused
            return bytes(self.view[at:at + n])
        self.need = max(self.need, at + n)
        self.used = self.used if skipped else max(self.used, at + n)
        got = bytes(self.view[at:max(at, min(at + n, self.end))])
        if len(got) < n:
            if not self.zero:
                raise Refused
            got += bytes(n - len(got))
        return got

    def write(self, at, data):
        """Into the canonical frame."""
        if at < 0:
            at += len(self.canon)
            if self.build and at < 0:
                return  # nobody asks for it
        self.canon.extend(bytes(max(0, at + len(data) - len(self.canon))))
        for i, b in enumerate(data):
            self.canon[at + i] |= b

    def force(self, at, data):
        if self.build:
            self.view[at:at + len(data)] = data

    def whole_byte(self):
        if self.bit:
            self.at, self.bit = self.at + (self.bit + 7) // 8, 0
        self.run = None

    def place(self, order, kind, n):
        """Bits of a run, or whole bytes, from here on."""
        if kind in ("uN", "iN"):
            if self.run not in (None, order):
                self.whole_byte()
            if n % 8 or self.bit:
                self.run = order
                at, bit = self.at, self.bit
                self.bit += n
                self.at, self.bit = self.at + self.bit // 8, self.bit % 8
                if not self.bit:
                    self.run = None
                return at, bit, n
            n = n // 8
        else:
            self.whole_byte()
        at = self.at
        self.at += n
        return at, None, n

    def field(self, f, suffix):
        if f.get("Skip"):
            self.whole_byte()
            self.at += f["Skip"]
            self.take(self.at - f["Skip"], f["Skip"], skipped=True)
        elif f.get("Expr"):
            self.computed(f, suffix)
        elif f.get("Group"):
            self.repeat(f, f["Group"], suffix)
        elif f.get("Type") in ("s", "z"):
            self.text(f, suffix)
        elif f.get("Repeat"):
            self.repeat(f, [{k: v for k, v in f.items() if k not in ("Repeat", "Max")}], suffix)
        else:
            if f.get("At") is not None:
                self.at, self.bit, self.run = f["At"], 0, None
            if f.get("Bit") is not None:
                self.run, self.bit = parse_type(f["Type"])[0], f["Bit"]
                self.at, self.bit = self.at + self.bit // 8, self.bit % 8
            for i in range(f.get("Count") or 1):
                name = f.get("Name", "_")
                if f.get("Count") and name != "_":
                    name += str(i)
                self.value(f, name, suffix)

    def repeat(self, f, members, suffix):
        self.whole_byte()
        if f.get("Count"):
            n = f["Count"]
        elif f["Repeat"] == "rest":
            return self.rest(f, members)
        else:
            n = self.counted(f)
        for i in range(n):
            self.repetition(members, i)

    def counted(self, f):
        self.series = True
        n = self.count_of[f["Repeat"]]
        if n > f["Max"]:
            raise Refused
        return n

    def repetition(self, members, i):
        self.suffix = str(i)
        for g in members:
            self.field(g, self.suffix)
        self.whole_byte()
        self.suffix = ""

    def rest(self, f, members):
        """As many whole repetitions as the frame holds."""
        if self.build:
            for i in range(self.build.rng.randint(0, f["Max"])):
                self.repetition(members, i)
            return
        need, begin = self.need, self.at
        by_marker = not (self.fmt.d.get("Length") or self.fmt.d.get("Size") or self.m.get("Size"))
        for i in range(f["Max"]):
            start, used, values, canon, totals = self.at, self.used, dict(self.values), bytearray(self.canon), dict(self.totals)
            try:
                self.repetition(members, i)
            except Refused:
                self.at, self.bit, self.run, self.suffix = start, 0, None, ""
                self.values, self.canon, self.totals = values, canon, totals
                self.used = used
                if start < self.end and by_marker and not self.series:
                    self.good = False
                break
        else:
            stride = (self.at - begin) // f["Max"]
            if by_marker and not self.series and (self.end - self.at) % stride:
                self.good = False
        self.rest_end, self.need = self.at, need

    def named(self, name, suffix):
        """What a value is called in this repetition."""
        if suffix and name[-1].isdigit():
            return name + "_" + suffix
        return name + suffix

    def text(self, f, suffix):
        self.whole_byte()
        at = self.at
        if f["Type"] == "z":
            n, self.series = 0, True
            if self.build:
                n = self.build.rng.randint(0, f["Max"] - 1)
                self.take(at, n + 1)
                for i in range(n):
                    self.view[at + i] = self.view[at + i] or 1
                self.view[at + n] = 0
            for n in range(f["Max"]):
                if self.take(at + n, 1) == b"\0":
                    break
            else:
                raise Refused
            self.at += n + 1
            if self.zero and at + n > self.end:
                n = max(self.end - at, 0)
        elif f["Repeat"] == "rest":
            if self.build:
                self.take(at, self.build.rng.randint(0, f["Max"]))
                n = len(self.view) - at
            n = min(max(self.end - at, 0), f["Max"])
            self.at += n
            self.rest_end = self.at
        else:
            n = self.counted(f)
            self.at += n
        data = self.take(at, n)
        self.publish(f, self.named(f["Name"], suffix), at, None, len(data), data)

    def value(self, f, name, suffix):
        order, kind, n = parse_type(f["Type"])
        if f.get("Order"):
            self.whole_byte()
        at, bit, n = self.place(order, kind, n)
        if bit is None:
            data = self.take(at, n)
        else:
            data = self.take(at, (bit + n + 7) // 8)
        if f.get("Const") is not None:
            self.constant(f, order, kind, at, bit, n, data)
            return
        self.publish(f, self.named(name, suffix) if name != "_" else "_", at, bit, n, data)

    def constant(self, f, order, kind, at, bit, n, data):
        want = f["Const"] % (1 << (n if bit is not None else 8 * n))
        image = self.image(order, at, bit, n, want)
        mask = self.image(order, at, bit, n, (1 << (n if bit is not None else 8 * n)) - 1)
        if self.build:
            if self.build.rng.random() < 0.995:
                self.force(at, bytes(b & ~k | w for b, k, w in zip(data, mask, image)))
        elif bytes(b & k for b, k in zip(data, mask)) != image:
            self.good = False
        self.write(at, image)

    def publish(self, f, name, at, bit, n, data):
        if f.get("Repeat") is None and self.build and f.get("counts"):
            most = f["counts"] if self.build.rng.random() < 0.97 else 255
            image = self.image(parse_type(f["Type"])[0], at, bit, n, self.build.rng.randint(0, most))
            self.force(at, image)
            data = image
        got = self.read(f, name, bit, n, data)
        if name == "_" and not f.get("Flags"):
            return
        if f.get("Flags"):
            order = parse_type(f["Type"])[0]
            for b, flag in f["Flags"].items():
                on = got[0] >> int(b) & 1
                self.settle(self.named(flag, self.suffix), ("true" if on else "false"), on, at)
                if on:
                    self.write(at, self.image(order, at, bit, n, 1 << int(b)))
            return
        raw, text, number, image = got
        if f.get("When"):
            holds = evaluate(f["When"], self.input)
            if holds is None or holds == 0:
                text = None
        if f.get("Counter") and text is not None:
            text, number = self.total(f, name, raw)
        self.settle(name, text, number, at)
        if f.get("counts"):
            self.count_of[f["Name"]] = raw
            self.write(at, image)
        elif name[0] != "_":
            if image is None:
                self.exact = False
            else:
                self.write(at, image)
