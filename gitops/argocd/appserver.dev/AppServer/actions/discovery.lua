local paused = obj.spec.rollout ~= nil and obj.spec.rollout.paused == true

local actions = {}
-- As with `kubectl rollout restart`, which refuses a paused Deployment: nothing would happen until the rollout is resumed.
actions["restart"] = { ["disabled"] = paused, ["iconClass"] = "fa fa-fw fa-redo" }
actions["pause"] = { ["disabled"] = paused, ["iconClass"] = "fa fa-fw fa-pause-circle" }
actions["resume"] = { ["disabled"] = not paused, ["iconClass"] = "fa fa-fw fa-play-circle" }
return actions
