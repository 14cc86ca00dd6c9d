-- What `take` and `settle` know of the entries that they lease. Needs: partition, group, entries, filter,
-- `version`.
local FOLLOWED = 6 -- where a row says whether more of its lane waits behind it

local function lease_row(id, lane, attempt, failures, last_error, followed, fields)
  return { id, lane, attempt, failures, last_error, followed, head_of(fields), fields.body or '' }
end

local function is_followed(lane)
  return lane ~= '' and redis.call('LLEN', lane_of(lane)) > 1 and 1 or 0
end

-- Judged once per type: a batch has many entries of few types.
local runs_type = {}
local function runs(event_type)
  if runs_type[event_type] == nil then
    runs_type[event_type] = version_runs(version, event_type)
  end
  return runs_type[event_type]
end
