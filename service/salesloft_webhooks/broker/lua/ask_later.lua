#!lua
-- Lets a follow-up wait: one that a handler asks for at once, or one that has waited in an earlier place of its entity.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 id   4 subject   5 id of the event that asks   6 delay, ms   7 head   8 body
--       9, 10 of one that has waited elsewhere: when it was asked for and when it was due, ms; else '' both
-- Result: { 'waiting' | 'replaced' | 'ended' (see include/follow_ups.lua), ms until the next follow-up is due here (-1: none) }
--
-- Invariants kept
--   Of a subject at most one waits here. What was ended, or has begun, does not wait again.
-- No allow-oom flag: it takes memory, and a full server must keep what it has for deliveries.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include follow_ups
local asked, due_at = ARGV[9] ~= '' and ARGV[9] or nil, ARGV[10] ~= '' and ARGV[10] or nil
local state = follow_ups.ask(ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7], ARGV[8], tonumber(ARGV[2]), asked, due_at)
return { state, follow_ups.next_due() }
