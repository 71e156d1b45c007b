"""Answers, with Debian's python3-crccheck, one line for each line of stdin:

crc16modbus 313233343536373839  ->  4b37

A name is that of crccheck's class in small letters; "-": it has no such class.
"""
import sys

import crccheck.crc

known = {
    name.lower(): cls
    for name, cls in vars(crccheck.crc).items()
    if isinstance(cls, type) and issubclass(cls, crccheck.crc.CrcBase)
}
for line in sys.stdin:
    name, _, data = line.rstrip("\n").partition(" ")
    cls = known.get(name)
    print("-" if cls is None else "%x" % cls.calc(bytearray.fromhex(data)))
