-- What `take` and `settle` know of the entries that they lease. Needs: partition, group, entries, filter,
-- `version`.
-- Where a row says whether more of its lane waits behind it: 1; and whether it is a redrive or replay: 2 more.
local FOLLOWED, RESUBMITTED = 6, 2

local function lease_row(id, lane, attempt, failures, last_error, followed, fields)
  if (fields.only or '') ~= '' then
    followed = followed + RESUBMITTED
  end
  return { id, lane, attempt, failures, last_error, followed, head_of(fields), fields.body or '' }
end

local function has_followers(row)
  if row[FOLLOWED] % RESUBMITTED == 0 then
    row[FOLLOWED] = row[FOLLOWED] + 1
  end
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
