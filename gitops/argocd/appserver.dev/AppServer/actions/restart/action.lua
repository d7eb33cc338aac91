-- Replaces all pods, in the way of any other rollout. The annotation is the one that `kubectl rollout restart` sets.
local os = require("os")

if obj.spec.podTemplate == nil then
  obj.spec.podTemplate = {}
end
if obj.spec.podTemplate.metadata == nil then
  obj.spec.podTemplate.metadata = {}
end
if obj.spec.podTemplate.metadata.annotations == nil then
  obj.spec.podTemplate.metadata.annotations = {}
end
obj.spec.podTemplate.metadata.annotations["kubectl.kubernetes.io/restartedAt"] = os.date("!%Y-%m-%dT%XZ")
return obj
