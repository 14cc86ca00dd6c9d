{{/* Where settings come from: environment variables, and key files. Names as in docs/configuration.md. */}}

{{/* The Secret that the External Secrets Operator fills. */}}
{{- define "salesloft-webhooks.externalSecretName" -}}
{{- include "salesloft-webhooks.componentName" (list . "external") }}
{{- end }}

{{/* True when the vault provides an entry: list root "redis-url". */}}
{{- define "salesloft-webhooks.isExternal" -}}
{{- $external := (index . 0).Values.externalSecret -}}
{{- if and $external.enabled (hasKey $external.data (index . 1)) }}true{{ end }}
{{- end }}

{{/*
The kinds of keys, as a JSON list of what source.keys calls them. An entry and its file are called the same in
kebab-case, an entry of source.existingSecret has "Key" appended.
*/}}
{{- define "salesloft-webhooks.keyKinds" -}}
{{- list "webhookSecret" "callbackToken" "callbackSecret" "standardWebhooksSecret" | toJson }}
{{- end }}

{{/* The entries of those source.keys that have a value, as JSON: {"webhook-secret": value}. */}}
{{- define "salesloft-webhooks.givenKeys" -}}
{{- $given := dict -}}
{{- range $kind := include "salesloft-webhooks.keyKinds" . | fromJsonArray }}
  {{- with index $.Values.source.keys $kind }}{{ $_ := set $given (kebabcase $kind) . }}{{ end }}
{{- end }}
{{- $given | toJson }}
{{- end }}

{{/* Those of source.existingSecret, as JSON: {"webhook-secret": entry of that Secret}. */}}
{{- define "salesloft-webhooks.existingKeys" -}}
{{- $existing := dict -}}
{{- range $kind := include "salesloft-webhooks.keyKinds" . | fromJsonArray }}
  {{- with index $.Values.source.existingSecret (printf "%sKey" $kind) }}{{ $_ := set $existing (kebabcase $kind) . }}{{ end }}
{{- end }}
{{- $existing | toJson }}
{{- end }}

{{/* Those that the vault provides, as JSON: {"webhook-secret": "webhook-secret"}. */}}
{{- define "salesloft-webhooks.vaultKeys" -}}
{{- $vault := dict -}}
{{- range $kind := include "salesloft-webhooks.keyKinds" . | fromJsonArray }}
  {{- if include "salesloft-webhooks.isExternal" (list $ (kebabcase $kind)) }}{{ $_ := set $vault (kebabcase $kind) (kebabcase $kind) }}{{ end }}
{{- end }}
{{- $vault | toJson }}
{{- end }}

{{/*
The source's keys, as JSON: {"secret": name, "own": bool, "generated": bool, "entries": {"webhook-secret": entry of that Secret}}.
One place decides which of the vault, an existing Secret, given values and generated ones holds them.
*/}}
{{- define "salesloft-webhooks.keys" -}}
{{- $source := .Values.source -}}
{{- $entries := include "salesloft-webhooks.vaultKeys" . | fromJson -}}
{{- $secret := include "salesloft-webhooks.componentName" (list . "keys") -}}
{{- $own := not (or .Values.sourcesFile.existingSecret $source.existingSecret.name) -}}
{{- $generated := false -}}
{{- if $entries }}
  {{- $own = false }}
  {{- $secret = include "salesloft-webhooks.externalSecretName" . }}
{{- else if $source.existingSecret.name }}
  {{- $secret = $source.existingSecret.name }}
  {{- $entries = include "salesloft-webhooks.existingKeys" . | fromJson }}
{{- else }}
  {{- range $entry, $_ := include "salesloft-webhooks.givenKeys" . | fromJson }}{{ $_ := set $entries $entry $entry }}{{ end }}
  {{- if not $entries }}
    {{- $generated = $own }}
    {{- $entries = dict "webhook-secret" "webhook-secret" "callback-secret" "callback-secret" }}
  {{- end }}
{{- end }}
{{- dict "secret" $secret "own" $own "generated" $generated "entries" $entries | toJson }}
{{- end }}

{{/* The URL paths that lead to the receiver, as a JSON list. */}}
{{- define "salesloft-webhooks.paths" -}}
{{- $paths := empty .Values.sourcesFile.existingSecret | ternary (list .Values.source.path) .Values.sourcesFile.paths -}}
{{- .Values.linkSwap.enabled | ternary (without $paths .Values.linkSwap.path) $paths | toJson }}
{{- end }}

{{- define "salesloft-webhooks.valkeySecretName" -}}
{{- default (include "salesloft-webhooks.componentName" (list . "valkey")) .Values.valkey.auth.existingSecret.name }}
{{- end }}

{{/* Variables of a process that uses the store: list root and the role (of `redis.users`) that it logs in as. */}}
{{- define "salesloft-webhooks.storeEnvironment" -}}
{{- $user := get (index . 0).Values.redis.users (index . 1) -}}
{{- $files := include "salesloft-webhooks.redisFiles" . | fromJson -}}
{{- with index . 0 -}}
{{- $redis := .Values.redis -}}
{{- if .Values.valkey.enabled }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "salesloft-webhooks.valkeySecretName" . }}
      key: {{ .Values.valkey.auth.existingSecret.key }}
- name: REDIS_URL
  value: redis://:$(REDIS_PASSWORD)@{{ include "salesloft-webhooks.componentName" (list . "valkey") }}:6379/0
{{- else if include "salesloft-webhooks.isExternal" (list . "redis-url") }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "salesloft-webhooks.externalSecretName" . }}
      key: redis-url
{{- else if $redis.existingSecret.name }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ $redis.existingSecret.name }}
      key: {{ $redis.existingSecret.key }}
{{- else }}
{{- with $redis.passwordSecret }}{{ if .name }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}{{ end }}
- name: REDIS_URL
  value: {{ $redis.url | quote }}
{{- end }}
{{- $usernameSecret := not (empty $user) | ternary (dict "name" $user "key" "username") $redis.usernameSecret }}
{{- with $usernameSecret }}{{ if .name }}
- name: REDIS_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}{{ end }}
{{- with $redis.sentinel.username }}
- name: REDIS_SENTINEL_USERNAME
  value: {{ . | quote }}
{{- end }}
{{- range $path, $file := $files }}
- name: {{ $file.setting }}
  value: /etc/salesloft-webhooks/{{ $path }}
{{- end }}
{{- end }}
{{- end }}

{{/* DATABASE_URL of the workers that write to the database. */}}
{{- define "salesloft-webhooks.databaseEnvironment" -}}
{{- $database := .Values.database -}}
{{- if include "salesloft-webhooks.isExternal" (list . "database-url") }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "salesloft-webhooks.externalSecretName" . }}
      key: database-url
{{- else if $database.existingSecret.name }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ $database.existingSecret.name }}
      key: {{ $database.existingSecret.key }}
{{- else if $database.url }}
{{- with $database.passwordSecret }}{{ if .name }}
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}{{ end }}
- name: DATABASE_URL
  value: {{ $database.url | quote }}
{{- else }}
- name: DATABASE_URL
  value: sqlite+aiosqlite:////var/lib/salesloft-webhooks/events.db
{{- end }}
{{- end }}

{{/* True when there is a database server; otherwise workers keep SQLite files. */}}
{{- define "salesloft-webhooks.hasDatabase" -}}
{{- if or .Values.database.url .Values.database.existingSecret.name (include "salesloft-webhooks.isExternal" (list . "database-url")) }}true{{ end }}
{{- end }}

{{/* Who this process is, in traces: list root "receiver". */}}
{{- define "salesloft-webhooks.tracingEnvironment" -}}
{{- with (index . 0).Values.tracing }}
{{- if .endpoint }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: OTEL_EXPORTER_OTLP_PROTOCOL
  value: {{ .protocol }}
{{- if not (kindIs "invalid" .sampleRatio) }}
- name: OTEL_TRACES_SAMPLER
  value: parentbased_traceidratio
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .sampleRatio | quote }}
{{- end }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name={{ include "salesloft-webhooks.namespace" (index $ 0) }},k8s.pod.name=$(POD_NAME)
{{- end }}
{{- end }}
{{- end }}

{{/* A map of settings as a map of strings. Helm reads numbers as floats, and 1000000 must not become 1e+06. */}}
{{- define "salesloft-webhooks.settings" -}}
{{- range $name, $value := . }}
{{ $name }}: {{ if and (kindIs "float64" $value) (eq (floor $value) $value) }}{{ printf "%.0f" $value | quote }}{{ else }}{{ $value | toString | quote }}{{ end }}
{{- end }}
{{- end }}

{{/* Settings as variables of a container. */}}
{{- define "salesloft-webhooks.settingVariables" -}}
{{- range $setting, $value := include "salesloft-webhooks.settings" . | fromYaml }}
- name: {{ $setting }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/*
The variables of a container, as a list: list (`extraEnv`) and any number of texts with the chart's own. One that `extraEnv`
names as well has the user's value, in the chart's place (others may refer to it): a server-side apply takes each name once.
*/}}
{{- define "salesloft-webhooks.variables" -}}
{{- $given := dict -}}
{{- range default (list) (index . 0) }}{{ $_ := set $given .name . }}{{ end -}}
{{- $all := list -}}
{{- range $text := rest . }}
  {{- range $text | trim | fromYamlArray }}
    {{- $all = append $all (hasKey $given .name | ternary (get $given .name) .) }}
    {{- $_ := unset $given .name }}
  {{- end }}
{{- end }}
{{- range default (list) (index . 0) }}
  {{- if hasKey $given .name }}{{ $all = append $all . }}{{ end }}
{{- end }}
{{- toYaml $all }}
{{- end }}

{{/* The variables that the receiver and all workers share; of settings with values of their own, those asked for. */}}
{{- define "salesloft-webhooks.configuration" -}}
{{- with .Values.redis.keyPrefix }}
REDIS_KEY_PREFIX: {{ . | quote }}
{{- end }}
{{- with .Values.redis.partitions }}
PARTITIONS: {{ . | quote }}
{{- end }}
{{- $limits := dict }}
{{- with .Values.redis.storeMaxBytes }}{{ $_ := set $limits "STORE_MAX_BYTES" . }}{{ end }}
{{- with .Values.redis.historyMaxBytes }}{{ $_ := set $limits "HISTORY_MAX_BYTES" . }}{{ end }}
{{- include "salesloft-webhooks.settings" $limits }}
{{- with default (.Values.valkey.enabled | ternary "fsync" "") .Values.redis.durability }}
DURABILITY: {{ . | quote }}
{{- end }}
{{- with .Values.console.url }}
CONSOLE_URL: {{ . | quote }}
{{- end }}
{{- include "salesloft-webhooks.settings" .Values.config }}
{{- end }}
