package codegen

import ()

// luaHelpers read numbers out of the bytes b[0] to b[b.n - 1]; b.at says where
// each stands in the packet.
const luaHelpers = `local function load(tvb)
  local b = {n = tvb:len(), at = {}}
  for i = 0, b.n - 1 do
    b[i], b.at[i] = tvb(i, 1):uint(), i
  end
  return b
end

local function clip(at, n)
  if at < 0 then return math.max(at + n, 0) end
  return math.min(at, n)
end

local function range(tvb, b, at, n)
  local from, last = b.at[at], b.at[at + n - 1] or b.at[b.n - 1]
  if not from then return tvb(0, 0) end
  return tvb(from, last - from + 1)
end

local function uint(b, at, n, big)
  local v = 0
  for i = 0, n - 1 do
    v = v * 256 + (b[at + (big and i or n - 1 - i)] or 0)
  end
  return v
end

local function bits_of(b, from, n, big)
  local v = 0
  for i = 0, n - 1 do
    local k = from + i
    local byte = b[math.floor(k / 8)] or 0
    if big then
      v = v * 2 + math.floor(byte / 2^(7 - k % 8)) % 2
    else
      v = v + math.floor(byte / 2^(k % 8)) % 2 * 2^i
    end
  end
  return v
end

local function signed(v, n)
  return v >= 2^(n - 1) and v - 2^n or v
end

local function magnitude(v, n)
  return v >= 2^(n - 1) and 2^(n - 1) - v or v
end

local function wide(b, at, n, big, new)
  local low, high = uint(b, big and at + n - 4 or at, 4, big), uint(b, big and at or at + 4, n - 4, big)
  if new == Int64 and n < 8 and high >= 2^(8 * (n - 4) - 1) then high = high + 2^32 - 2^(8 * (n - 4)) end
  return new(low, high)
end

local function bcd(b, at, n, big)
  local v = 0
  for i = 0, n - 1 do
    local x = b[at + (big and i or n - 1 - i)] or 0
    v = v * 100 + math.floor(x / 16) * 10 + x % 16
  end
  return v
end

local function signed_bcd(b, at, n, big)
  local top = at + (big and 0 or n - 1)
  local x = b[top] or 0
  if x < 128 then return bcd(b, at, n, big) end
  b[top] = x - 128
  local v = -bcd(b, at, n, big)
  b[top] = x
  return v
end

local function midi(b, at, n, big)
  local v = 0
  for i = 0, n - 1 do
    v = v * 128 + (b[at + (big and i or n - 1 - i)] or 0) % 128
  end
  return v
end

local function float(sign, e, m, bias, width)
  local top = 2 * bias + 1
  if e == top then
    if m > 0 then return 0 / 0 end
    return sign * math.huge
  end
  if e == 0 then return sign * m * 2^(1 - bias - width) end
  return sign * (1 + m / 2^width) * 2^(e - bias)
end

local function ieee(b, at, n, big)
  if n == 2 then
    local v = uint(b, at, 2, big)
    return float(v >= 2^15 and -1 or 1, math.floor(v / 2^10) % 2^5, v % 2^10, 15, 10)
  elseif n == 4 then
    local v = uint(b, at, 4, big)
    return float(v >= 2^31 and -1 or 1, math.floor(v / 2^23) % 2^8, v % 2^23, 127, 23)
  end
  local high, low = uint(b, big and at or at + 4, 4, big), uint(b, big and at + 4 or at, 4, big)
  return float(high >= 2^31 and -1 or 1, math.floor(high / 2^20) % 2^11, high % 2^20 * 2^32 + low, 1023, 52)
end

local function straight(b, at, order)
  local out = {}
  for i = 1, #order do out[order:byte(i) - 65] = b[at + i - 1] end
  return out
end

local function text(b, at, n)
  local out = {}
  for i = 0, n - 1 do out[#out + 1] = string.char(b[at + i] or 0) end
  return table.concat(out)
end

local function hex(b, at, n, between)
  local out = {}
  for i = 0, n - 1 do out[#out + 1] = string.format("%02X", b[at + i] or 0) end
  return table.concat(out, between or "")
end

local function bytes_of(v, n, big)
  local b = {}
  for i = 0, n - 1 do
    b[big and n - 1 - i or i] = math.floor(v / 256^i) % 256
  end
  return hex(b, 0, n, " ")
end

local function round(x, digits)
  local s = 10^digits
  if x < 0 then return -math.floor(-x * s + 0.5) / s end
  return math.floor(x * s + 0.5) / s
end
`

const luaCOBS = `if b.n == 0 or b[b.n - 1] ~= 0 then return nil end
local out, n, i = {at = {}}, 0, 0
while i < b.n - 1 do
  local len = b[i]
  for k = 1, len - 1 do
    out[n], out.at[n] = b[i + k] or 0, b.at[i + k] or 0
    n = n + 1
  end
  i = i + math.max(len, 1)
  if len < 255 and i < b.n - 1 then
    out[n], out.at[n] = 0, b.at[i]
    n = n + 1
  end
end
out.n = n
return out`

const luaVarint = `local out, n = {at = {}}, 0
local more = 0
while (b[AT + more] or 0) >= 128 do more = more + 1 end
for i = 0, b.n - 1 do
  if i <= AT or i > AT + more then
    out[n], out.at[n] = b[i], b.at[i]
    n = n + 1
  end
end
out.n = n
return out`

const luaDXL2 = `local out, n, i = {at = {}}, 0, 0
while i < b.n do
  out[n], out.at[n] = b[i], b.at[i]
  n = n + 1
  if i >= HEAD + 2 and i + 1 < b.n - TAIL and b[i] == 0xFD and b[i - 1] == 0xFF and b[i - 2] == 0xFF and b[i + 1] == 0xFD then
    i = i + 1
  end
  i = i + 1
end
out.n = n
return out`

const luaDissector = `-- The message that a frame is: by its id, and of several by size and constants.
local function find(b, v)
  local id, near, other = GETID, nil, nil
  for _, m in ipairs(messages) do
    if not m.ids or m.ids[id] then
      if v.n >= m.min and v.n <= m.max then
        if m.fits(v) then return m end
        near = near or m
      end
      other = other or m
    end
  end
  return near or other
end

local function good(b)
  if b.n < HEAD then return false end
  local v = view(b)
  local m = find(b, v)
  if m and (v.n < m.min or v.n > m.max or not m.fits(v)) then return false end
  for _, c in ipairs(checks(b, m and m.extra or 0)) do
    if not c.good then return false end
  end
  return true
end

function p.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = IDENT
  local t = tree:add(p, tvb())
  local b = load(tvb)
  if not good(b) then -- it may stand here as on the line
    local plain = unescaped(b)
    if plain and good(plain) then b = plain end
  end
  if b.n < HEAD then
    t:add_proto_expert_info(bad_frame, "only " .. b.n .. " bytes")
    return
  end
  local v = view(b)
  local m = find(b, v)
  if m then
    t:add(f.message, m.name)
    pinfo.cols.info = m.name
    if v.n < m.min or v.n > m.max then
      t:add_proto_expert_info(bad_frame, v.n .. " bytes, but " .. m.name .. " has " .. m.min .. " to " .. m.max)
    elseif not m.fits(v) then
      t:add_proto_expert_info(bad_frame, "a constant of " .. m.name .. " differs")
    end
    m.show(t, tvb, v)
  else
    t:add_proto_expert_info(bad_frame, "its id is not listed")
  end
  for _, c in ipairs(checks(b, m and m.extra or 0)) do
    local item = t:add(f.check, range(tvb, b, c.at, c.size), c.name .. " " .. (c.good and "good" or "bad, must be " .. c.want))
    if not c.good then item:add_proto_expert_info(bad_check, c.name .. " gives " .. c.want .. ", but " .. c.found .. " stands there") end
  end
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, p)`
