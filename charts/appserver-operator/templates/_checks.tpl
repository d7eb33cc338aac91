{{/*
What is checked before anything is made. `helm template` and a client-side dry run see no cluster: lookup returns nothing then,
and nothing is refused.
*/}}

{{/* Fails when watched namespaces do not exist, or are being deleted. */}}
{{- define "appserver-operator.checkNamespaces" -}}
{{- $missing := list -}}
{{- $found := list -}}
{{- range $name := .Values.watchNamespaces -}}
{{- $namespace := lookup "v1" "Namespace" "" $name -}}
{{- if and $namespace (ne (dig "status" "phase" "" $namespace) "Terminating") -}}
{{- $found = append $found $name -}}
{{- else -}}
{{- $missing = append $missing $name -}}
{{- end -}}
{{- end -}}
{{- if and $missing (or $found (lookup "v1" "Namespace" "" .Release.Namespace) (lookup "v1" "Namespace" "" "kube-system")) -}}
{{- fail (printf "watchNamespaces: these namespaces do not exist or are being deleted: %s. Create them, or remove them from watchNamespaces; nothing was installed." (join ", " $missing)) -}}
{{- end -}}
{{- end -}}

{{/*
"true" when this release renders the CustomResourceDefinition: it is missing, or it is this release's own. Helm refuses an
object of another release, so a CustomResourceDefinition that somebody else installed is left as it is. Fails when that one is
older than this version of the chart.
*/}}
{{- define "appserver-operator.rendersCrd" -}}
{{- if .Values.crds.install -}}
{{- $name := "appservers.appserver.dev" -}}
{{- $crd := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" $name -}}
{{- $annotations := dig "metadata" "annotations" (dict) $crd -}}
{{- $own := and (eq (get $annotations "meta.helm.sh/release-name") .Release.Name) (eq (get $annotations "meta.helm.sh/release-namespace") .Release.Namespace) -}}
{{- if or (not $crd) $own -}}
true
{{- else -}}
{{- $version := default "0.0.0" (get $annotations "appserver.dev/version") -}}
{{- if semverCompare (printf "<%s" .Chart.AppVersion) $version -}}
{{- $release := get $annotations "meta.helm.sh/release-name" -}}
{{- $remedy := "It was installed without Helm: upgrade it in the same way, with kubectl apply --server-side -f crds" -}}
{{- if $release -}}
{{- $take := printf "kubectl annotate --overwrite crd %s meta.helm.sh/release-name=%s meta.helm.sh/release-namespace=%s" $name .Release.Name .Release.Namespace -}}
{{- $remedy = printf "It belongs to release %s in namespace %s: upgrade that one first or, when it is uninstalled, let this release take it over with: %s" $release (get $annotations "meta.helm.sh/release-namespace") $take -}}
{{- end -}}
{{- fail (printf "CustomResourceDefinition %s is older than this chart, %s. Nothing was installed. %s" $name .Chart.AppVersion $remedy) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
