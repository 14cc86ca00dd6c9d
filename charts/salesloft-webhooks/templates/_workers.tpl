{{/* The workers, complete, as JSON: {name: fields}, each `workerDefaults`, then what a built-in group needs, then the worker's own fields. */}}
{{- define "salesloft-webhooks.workers" -}}
{{- $workers := dict -}}
{{- range $name, $own := .Values.workers }}
  {{- $builtIn := append (include "salesloft-webhooks.builtIn" (list $ $name) | fromJsonArray) dict | first }}
  {{- $worker := mergeOverwrite (deepCopy $.Values.workerDefaults) $builtIn (deepCopy (default (dict) $own)) }}
  {{- if $worker.enabled }}
    {{- $_ := set $workers $name $worker }}
  {{- end }}
{{- end }}
{{- $workers | toJson }}
{{- end }}

{{/* A JSON list: what is different for the built-in group, or nothing for any other group: list root "crm". */}}
{{- define "salesloft-webhooks.builtIn" -}}
{{- $name := index . 1 -}}
{{- $found := list -}}
{{- range $builtIn, $different := (index . 0).Files.Get "built-in-groups.yaml" | fromYaml }}
  {{- if or (eq $name $builtIn) (and (hasSuffix "-*" $builtIn) (hasPrefix (trimSuffix "*" $builtIn) $name)) }}
    {{- $found = append $found $different }}
  {{- end }}
{{- end }}
{{- $found | toJson }}
{{- end }}

{{/* The name of a group's objects: list root "crm". */}}
{{- define "salesloft-webhooks.workerName" -}}
{{- include "salesloft-webhooks.componentName" (list (index . 0) (printf "worker-%s" (index . 1))) }}
{{- end }}

{{/* What makes this worker this group's: dict "root" "name" "worker". */}}
{{- define "salesloft-webhooks.workerEnvironment" -}}
- name: WORKER_GROUP
  value: {{ .name | quote }}
{{- with .worker.handlers }}
- name: WORKER_HANDLERS
  value: {{ join "," . | quote }}
{{- end }}
{{- with .worker.events }}
- name: WORKER_EVENTS
  value: {{ join "," . | quote }}
{{- end }}
{{- with .worker.where }}
- name: WORKER_WHERE
  value: {{ . | quote }}
{{- end }}
{{- /* Only what was asked for: what is set here overrules what the group's routers say. */}}
{{- with .worker.ordering }}
- name: WORKER_ORDERING
  value: {{ . }}
{{- end }}
{{- with .worker.concurrency }}
- name: WORKER_CONCURRENCY
  value: {{ . | quote }}
{{- end }}
- name: GRACE_SECONDS
  value: {{ .worker.graceSeconds | quote }}
{{- include "salesloft-webhooks.handlersEnvironment" .root }}
{{- end }}

{{/* The file of the built-in groups: environment, mount and volume. */}}
{{- define "salesloft-webhooks.handlersEnvironment" }}
{{- if .Values.handlersFile.existingSecret }}
- name: HANDLERS_FILE
  value: /etc/salesloft-webhooks/handlers/handlers.yaml
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.handlersMount" }}
{{- if .Values.handlersFile.existingSecret }}
- name: handlers
  mountPath: /etc/salesloft-webhooks/handlers
  readOnly: true
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.handlersVolume" }}
{{- with .Values.handlersFile }}
{{- if .existingSecret }}
- name: handlers
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 0440
    items: [{key: {{ .key | quote }}, path: handlers.yaml}]
{{- end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.workerMounts" -}}
{{- if .sqlite }}
- name: database
  mountPath: /var/lib/salesloft-webhooks
{{- end }}
{{- include "salesloft-webhooks.redisCaMount" (list .root "worker") }}
{{- include "salesloft-webhooks.roleFileMounts" (list .root "worker") }}
{{- include "salesloft-webhooks.handlersMount" .root }}
{{- with .worker.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.workerVolumes" -}}
{{- if .sqlite }}
- name: database
  persistentVolumeClaim:
    claimName: {{ include "salesloft-webhooks.workerName" (list .root .name) }}
{{- end }}
{{- include "salesloft-webhooks.redisCaVolume" (list .root "worker") }}
{{- include "salesloft-webhooks.roleFileVolumes" (list .root "worker") }}
{{- include "salesloft-webhooks.handlersVolume" .root }}
{{- with .worker.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
