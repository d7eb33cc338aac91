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

{{/*
Of cluster-wide objects: the suffix and the namespace have no dots, so that two releases never have one name. Call it with
(dict "suffix" NAME "root" $).
*/}}
{{- define "appserver-operator.clusterName" -}}
{{- printf "%s.%s.%s" (include "appserver-operator.fullname" .root) .root.Release.Namespace .suffix -}}
{{- end -}}

{{/* By which the policies find the binding that names the operator's account. */}}
{{- define "appserver-operator.accountLabels" -}}
appserver.dev/operator-name: {{ include "appserver-operator.fullname" . }}
appserver.dev/operator-namespace: {{ .Release.Namespace }}
{{- end -}}

{{- define "appserver-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "appserver-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "appserver-operator.labels" -}}
{{- include "appserver-operator.labelsWith" (dict "root" .) -}}
{{- end -}}

{{/* The same with more, of which none replaces one of the chart's own. Call it with (dict "more" LABELS "root" $). */}}
{{- define "appserver-operator.labelsWith" -}}
{{- $own := fromYaml (include "appserver-operator.selectorLabels" .root) -}}
{{- $_ := set $own "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- toYaml (merge $own (default dict .more) (default dict .root.Values.commonLabels)) -}}
{{- end -}}

{{/* The metadata that all objects have in common. */}}
{{- define "appserver-operator.metadata" -}}
labels: {{- include "appserver-operator.labels" . | nindent 2 }}
{{- with .Values.commonAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Whether there is one replica more than an eviction may take. */}}
{{- define "appserver-operator.isReplicated" -}}
{{- if gt (int .Values.replicas) 1 }}true{{ end -}}
{{- end -}}

{{- define "appserver-operator.serviceAccountName" -}}
{{- if dig "create" true .Values.serviceAccount -}}
{{- default (include "appserver-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is required when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "appserver-operator.image" -}}
{{- printf "%s:%s" .image.repository (default .root.Chart.AppVersion .image.tag) -}}
{{- with .image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "appserver-operator.podSecurityContext" -}}
{{- $default := dict "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "fsGroup" 65532 "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- toYaml (default $default .Values.podSecurityContext) -}}
{{- end -}}

{{- define "appserver-operator.securityContext" -}}
{{- $default := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")) -}}
{{- toYaml (default $default .Values.securityContext) -}}
{{- end -}}

{{- define "appserver-operator.topologySpreadConstraints" -}}
{{- if .Values.topologySpreadConstraints -}}
{{- toYaml .Values.topologySpreadConstraints -}}
{{- else -}}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels: {{- include "appserver-operator.selectorLabels" $ | nindent 6 }}
{{- end }}
{{- end -}}
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
