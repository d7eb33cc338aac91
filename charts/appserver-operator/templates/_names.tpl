{{- define "appserver-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "appserver-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "appserver-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "appserver-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "appserver-operator.labels" -}}
{{ include "appserver-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "appserver-operator.serviceAccountName" -}}
{{- default (include "appserver-operator.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "appserver-operator.image" -}}
{{- printf "%s:%s" .image.repository (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}

{{/* What the operator may do in the namespaces that it watches. */}}
{{- define "appserver-operator.rules" -}}
- apiGroups: [appserver.dev]
  resources: [appservers]
  verbs: [get, list, watch]
- apiGroups: [appserver.dev]
  resources: [appservers/status]
  verbs: [get, patch]
# For owner references that block deletion, where the API server enforces the right to them.
- apiGroups: [appserver.dev]
  resources: [appservers/finalizers]
  verbs: [update]
- apiGroups: ['']
  resources: [serviceaccounts, configmaps, services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
# Of Deployments that are replaced because their owner has offered them for adoption, to which the policy holds it.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list, delete]
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [podmonitors, servicemonitors]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: ['']
  resources: [pods]
  # Patch: its own annotation alone, to which the ValidatingAdmissionPolicy holds it.
  verbs: [list, watch, patch]
{{- if has "Secret" .Values.restartOn.kinds }}
# For the pods that use them; only a hash of the content is kept.
- apiGroups: ['']
  resources: [secrets]
  verbs: [get, list, watch]
{{- end }}
- apiGroups: ['']
  resources: [events]
  verbs: [create, patch]
{{- end -}}
