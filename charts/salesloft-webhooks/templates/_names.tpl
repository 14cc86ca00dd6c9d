{{/* Names and labels. Every object is named by one of these, so that releases never collide. */}}

{{/* An alias that a parent chart gives us may have capitals, which names may not. */}}
{{- define "salesloft-webhooks.name" -}}
{{- $chart := regexMatch "[^a-z0-9.-]" .Chart.Name | ternary (kebabcase .Chart.Name) .Chart.Name -}}
{{- default $chart .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/*
What all names begin with, 40 characters at most. Where the release's own name is cut, two could begin alike: then it ends
with a hash, unless the release is from before there was one, whose volumes and keys go by the name that it has.
*/}}
{{- define "salesloft-webhooks.fullname" -}}
{{- $own := default .Release.Name .Values.fullnameOverride -}}
{{- $named := or .Values.fullnameOverride (contains (include "salesloft-webhooks.name" .) .Release.Name) -}}
{{- $whole := empty $named | ternary (printf "%s-%s" $own (include "salesloft-webhooks.name" .)) $own -}}
{{- $cut := $whole | trunc 40 | trimSuffix "-" -}}
{{- if le (len $own) 40 }}
  {{- $cut }}
{{- else }}
  {{- $there := lookup "v1" "ConfigMap" (include "salesloft-webhooks.namespace" .) (printf "%s-config" $cut) | default dict }}
  {{- $ours := eq .Release.Name (dig "metadata" "labels" "app.kubernetes.io/instance" "" $there) }}
  {{- $ours | ternary $cut (include "salesloft-webhooks.cut" (list $whole 40)) }}
{{- end }}
{{- end }}

{{/* A name of at most so many characters: list "name" 40. One that is longer ends with a hash of the whole. */}}
{{- define "salesloft-webhooks.cut" -}}
{{- $name := index . 0 -}}
{{- $most := index . 1 | int -}}
{{- if le (len $name) $most }}{{ $name }}{{ else }}{{ printf "%s-%s" (trunc (sub $most 9 | int) $name | trimSuffix "-" | trimSuffix ".") (sha256sum $name | trunc 8) }}{{ end }}
{{- end }}

{{- define "salesloft-webhooks.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/* The name of a component's objects: list root "receiver". */}}
{{- define "salesloft-webhooks.componentName" -}}
{{- printf "%s-%s" (include "salesloft-webhooks.fullname" (index . 0)) (index . 1) }}
{{- end }}

{{/* What a component's selectors use: list root "receiver". Selectors can never change, so nothing else belongs here. */}}
{{- define "salesloft-webhooks.selectorLabels" -}}
app.kubernetes.io/name: {{ include "salesloft-webhooks.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* The selector labels of one consumer group: list root "crm". */}}
{{- define "salesloft-webhooks.groupSelectorLabels" -}}
{{ include "salesloft-webhooks.selectorLabels" (list (index . 0) "worker") }}
salesloft-webhooks/group: {{ index . 1 }}
{{- end }}

{{/* The user's own labels: list root, and any number of maps, of which the last one wins. */}}
{{- define "salesloft-webhooks.ownLabels" -}}
{{- $all := deepCopy (index . 0).Values.commonLabels -}}
{{- range rest . }}{{ $all = mergeOverwrite $all (deepCopy (default (dict) .)) }}{{ end -}}
{{- with $all }}{{ toYaml . }}{{ end }}
{{- end }}

{{/* Labels of a component's objects: list root "receiver", and maps with more. */}}
{{- define "salesloft-webhooks.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "salesloft-webhooks.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: salesloft-webhooks
{{- with include "salesloft-webhooks.ownLabels" (concat (list $root) (slice . 2)) }}
{{ . }}
{{- end }}
{{- end }}

{{/* Labels of a group's objects: list root "crm". */}}
{{- define "salesloft-webhooks.groupLabels" -}}
{{ include "salesloft-webhooks.labels" (list (index . 0) "worker") }}
salesloft-webhooks/group: {{ index . 1 }}
{{- end }}

{{/* `annotations:` of an object, on a line of its own, or nothing: list root, and any number of maps. */}}
{{- define "salesloft-webhooks.annotations" -}}
{{- $all := deepCopy (index . 0).Values.commonAnnotations -}}
{{- range rest . }}{{ $all = mergeOverwrite $all (deepCopy (default (dict) .)) }}{{ end -}}
{{- with $all }}{{ dict "annotations" . | toYaml | nindent 2 }}{{ end }}
{{- end }}

{{- define "salesloft-webhooks.receiverServiceAccountName" -}}
{{- with .Values.receiver.serviceAccount }}
{{- if .create }}{{ default (include "salesloft-webhooks.componentName" (list $ "receiver")) .name }}{{ else }}{{ default "default" .name }}{{ end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.workerServiceAccountName" -}}
{{- with .Values.workerServiceAccount }}
{{- if .create }}{{ default (include "salesloft-webhooks.componentName" (list $ "worker")) .name }}{{ else }}{{ default "default" .name }}{{ end }}
{{- end }}
{{- end }}
