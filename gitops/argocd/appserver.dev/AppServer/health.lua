-- Health of an AppServer. Its status is in kstatus format: status.observedGeneration names the spec that the conditions
-- describe, and the conditions Reconciling and Stalled are present only while they are True. No reason is looked at, so
-- that a new reason needs no new script.

local function health(status, message)
  return { status = status, message = message }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "The AppServer is being deleted.")
end

local status = obj.status or {}
if status.observedGeneration == nil or status.observedGeneration < obj.metadata.generation then
  return health("Progressing", "Waiting for the operator to process generation " .. obj.metadata.generation .. " of the spec.")
end

local condition = {}
for _, one in ipairs(status.conditions or {}) do
  condition[one.type] = one
end

local function is_true(type)
  return condition[type] ~= nil and condition[type].status == "True"
end

if is_true("Degraded") then
  return health("Degraded", condition["Degraded"].message)
end
-- Before Stalled, which is True while a change waits for the end of the pause.
if obj.spec.rollout ~= nil and obj.spec.rollout.paused then
  return health("Suspended", "The rollout is paused: pods keep their revision until spec.rollout.paused is removed.")
end
if is_true("Stalled") then
  return health("Degraded", condition["Stalled"].message)
end

local ready = condition["Ready"]
if ready == nil then
  return health("Progressing", "Waiting for the Ready condition.")
end
if ready.status == "True" then
  return health("Healthy", ready.message)
end
return health("Progressing", ready.message)
