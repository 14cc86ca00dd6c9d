-- A stream and its copy without what was deleted from it. Needs: partition.
--
-- XDEL only marks an entry: its bytes stay in the server's memory and in its files until the block of some hundred
-- entries goes in which it stands. A copy has none of them, and the same entries under the same ids.
local original, copy = KEYS[2], KEYS[3]
local PAGE = 20
local LIFE_MS = 600000 -- of a copy that nobody goes on with

local function last_id_of(stream)
  local info = redis.pcall('XINFO', 'STREAM', stream)
  return info.err and '0-0' or fields_of(info)['last-generated-id']
end

-- Copies what follows the copy's last entry, until so many entries or bytes; returns whether nothing follows any more.
-- Whatever is here of the original and not in the copy follows that: entries never change, and come at the end only.
local function copy_more(most_entries, most_bytes)
  local from, entries, bytes = last_id_of(copy), 0, 0
  while entries < most_entries and bytes < most_bytes do
    local page = redis.call('XRANGE', original, '(' .. from, '+', 'COUNT', PAGE)
    for _, entry in ipairs(page) do
      redis.call('XADD', copy, entry[1], unpack(entry[2]))
      bytes = bytes + #entry[2][#entry[2]]
      from = entry[1]
    end
    entries = entries + #page
    if #page < PAGE then
      return true
    end
  end
  return false
end
