{{/* The operator: who it is in the cluster, what it may, and whether what it looks after can be declared yet. */}}

{{- define "salesloft-webhooks.operatorServiceAccountName" -}}
{{- with .Values.operator.serviceAccount }}
{{- if .create }}{{ default (include "salesloft-webhooks.componentName" (list $ "operator")) .name }}{{ else }}{{ .name }}{{ end }}
{{- end }}
{{- end }}

{{/* The lease that its pods share, named after the release. */}}
{{- define "salesloft-webhooks.operatorLease" -}}
{{- include "salesloft-webhooks.componentName" (list . "operator") }}
{{- end }}

{{/*
The Secrets that it may look into, as JSON: {"read": [names], "written": [those of them that it may also write]}. Named by
the values, or by the subscriptions that are declared in them.
*/}}
{{- define "salesloft-webhooks.operatorSecrets" -}}
{{- $written := .Values.operator.managedSecretNames -}}
{{- $read := .Values.operator.secretNames -}}
{{- range .Values.subscriptions }}
  {{- $keys := dig "keys" "secretRef" "name" "" .spec }}
  {{- $read = concat $read (list $keys (dig "api" "tokenSecretRef" "name" "" .spec) (dig "api" "oauth" "clientSecretRef" "name" "" .spec)) }}
  {{- if eq (dig "keys" "mode" "" .spec) "Manage" }}{{ $written = append $written $keys }}{{ end }}
{{- end }}
{{- dict "read" (concat $read $written | compact | uniq | sortAlpha) "written" ($written | compact | uniq | sortAlpha) | toJson }}
{{- end }}

{{/* The environment of whatever runs with its account. */}}
{{- define "salesloft-webhooks.operatorEnvironment" -}}
{{- include "salesloft-webhooks.storeEnvironment" (list . "operator") | trim }}
- name: OPERATOR_LEASE_NAME
  value: {{ include "salesloft-webhooks.operatorLease" . }}
{{- with .Values.operator.apiUrls }}
- name: OPERATOR_API_URLS
  value: {{ join "," . | quote }}
{{- end }}
{{- include "salesloft-webhooks.settingVariables" .Values.operator.config }}
{{- end }}

{{/* What its pods call: the store, Kubernetes' API and SalesLoft's. */}}
{{- define "salesloft-webhooks.operatorEgress" -}}
{{ include "salesloft-webhooks.storeEgress" . | trim }}
{{ include "salesloft-webhooks.egressRule" (list .Values.networkPolicy.kubernetesApi.to .Values.networkPolicy.kubernetesApi.ports) }}
{{ include "salesloft-webhooks.salesloftApiEgress" . | trim }}
{{- end }}

{{/*
Whether objects of our kinds are made: "yes", or "later" when this very release brings the kinds. Helm looks for the kind of
each object before it creates the first, so an installation that does both would fail. Only Helm has to wait, and only in
a cluster (where there is a namespace to look up): Argo CD and kubectl create definitions first. Left out is never what may
have been there already: an upgrade that would is refused (`checkOperator`), for to leave an object out means to delete it.
*/}}
{{- define "salesloft-webhooks.declares" -}}
{{- if or (.Capabilities.APIVersions.Has "salesloft-webhooks.dev/v1alpha1/SalesloftSubscription") (not .Values.crds.enabled) -}}
yes
{{- else -}}
{{- empty (lookup "v1" "Namespace" "" "default") | ternary "yes" "later" }}
{{- end }}
{{- end }}

{{/* An object of ours: list root kind (name and spec). */}}
{{- define "salesloft-webhooks.declaredObject" -}}
{{- $root := index . 0 -}}
apiVersion: salesloft-webhooks.dev/v1alpha1
kind: {{ index . 1 }}
metadata:
  name: {{ (index . 2).name }}
  namespace: {{ include "salesloft-webhooks.namespace" $root }}
  labels:
    {{- include "salesloft-webhooks.labels" (list $root "operator") | nindent 4 }}
  {{- include "salesloft-webhooks.annotations" (list $root (dict "argocd.argoproj.io/sync-options" "SkipDryRunOnMissingResource=true")) }}
spec:
  {{- toYaml (index . 2).spec | nindent 2 }}
{{- end }}

{{- define "salesloft-webhooks.checkOperator" -}}
{{- $declared := list -}}
{{- range $kind := list "subscriptions" "consumerGroups" }}
  {{- $names := list }}
  {{- range index $.Values $kind }}
    {{- if has .name $names }}
      {{- fail (printf "%s has two of the name %s" $kind .name) }}
    {{- end }}
    {{- $names = append $names .name }}
  {{- end }}
  {{- if and $names (not $.Values.operator.enabled) }}
    {{- fail (printf "%s needs operator.enabled: nobody would look after them, and those that are there could not be deleted" $kind) }}
  {{- end }}
  {{- $declared = concat $declared $names }}
{{- end }}
{{- if and .Values.operator.enabled (not .Values.operator.serviceAccount.create) (not .Values.operator.serviceAccount.name) }}
  {{- fail "operator.serviceAccount.create=false needs operator.serviceAccount.name: its rights are for nobody else" }}
{{- end }}
{{- /* Each would delete the other's objects of groups, and the end of one would take what the other looks after. */}}
{{- if .Values.operator.enabled }}
  {{- range (lookup "apps/v1" "Deployment" .Release.Namespace "").items }}
    {{- $labels := default dict .metadata.labels }}
    {{- $operator := and (eq (dig "app.kubernetes.io/component" "" $labels) "operator") (eq (dig "app.kubernetes.io/part-of" "" $labels) "salesloft-webhooks") }}
    {{- if and $operator (ne (dig "app.kubernetes.io/instance" "" $labels) $.Release.Name) }}
      {{- fail (printf "operator.enabled: the namespace has the operator of release %s already, and one looks after all objects of a namespace" (dig "app.kubernetes.io/instance" "" $labels)) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if and $declared .Release.IsUpgrade (eq (include "salesloft-webhooks.declares" .) "later") }}
  {{- fail "subscriptions and consumerGroups are of kinds that the cluster does not know yet: upgrade with operator.enabled alone first, then with them" }}
{{- end }}
{{- end }}
