#!lua flags=no-writes
-- Looks for the entries of one entity, in a slice of the stream, the newest first.
--
-- KEYS  1 the partition's stream
-- ARGV  1 entity key   2 the entry id to go on before, as a range has it ('+' or '(' and an id)
--       3 the oldest entry id to look at, as a range has it ('-': all)
--       4 entries examined in this call, so that the server is never blocked for long
-- Result: { entry id to go on before ('' when the beginning is reached), id and event id of each entry found, flat }
--@include partition
--@include entries
local entity, from, oldest, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local MOST_BYTES = 1048576 -- bodies come along with what is read of a stream: with large ones a slice is shorter
local PAGE = 20

local found, examined, bytes, last = {}, 0, 0, ''
while examined < limit and bytes < MOST_BYTES do
  local page = redis.call('XREVRANGE', events, from, oldest, 'COUNT', PAGE)
  for _, entry in ipairs(page) do
    local fields = entry_fields(entry[2])
    if fields.key == entity and fields.id then
      found[#found + 1] = entry[1]
      found[#found + 1] = fields.id
    end
    bytes = bytes + #(fields.body or '')
  end
  if #page < PAGE then
    last = ''
    break
  end
  examined, last = examined + #page, page[#page][1]
  from = '(' .. last
end
return { last, found }
