{{/* What pods have in common. */}}

{{/* Labels and annotations of a pod: dict "root" "selector" (its selector labels) "values". */}}
{{- define "salesloft-webhooks.podMetadata" -}}
labels:
  {{- with include "salesloft-webhooks.ownLabels" (list .root .values.podLabels) }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- .selector | nindent 2 }}
annotations:
  checksum/config: {{ include "salesloft-webhooks.configuration" .root | sha256sum }}
  {{- with .values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* How and where a pod runs: dict "root" "selector" "values", and "token" for the one that asks Kubernetes' API. */}}
{{- define "salesloft-webhooks.podSettings" -}}
automountServiceAccountToken: {{ default false .token }}
# A Service named "redis" or "port" in this namespace would otherwise put variables of that name into our environment.
enableServiceLinks: false
{{- with include "salesloft-webhooks.imagePullSecrets" .root }}
{{ . }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- if kindIs "bool" .values.hostUsers }}
hostUsers: {{ .values.hostUsers }}
{{- end }}
{{- with .values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
The security context of a pod: list root (as the values have it). OpenShift gives each namespace users and groups of its
own, and refuses pods that name others.
*/}}
{{- define "salesloft-webhooks.podSecurityContext" -}}
{{- $root := index . 0 -}}
{{- $compatibility := default (dict) (default (dict) $root.Values.global).compatibility -}}
{{- $adapt := default $root.Values.openshift.adaptSecurityContext (default (dict) $compatibility.openshift).adaptSecurityContext -}}
{{- $recognised := $root.Capabilities.APIVersions.Has "security.openshift.io/v1" -}}
{{- if or (eq $adapt "force") (and (eq $adapt "auto") $recognised) }}
  {{- omit (index . 1) "runAsUser" "runAsGroup" "fsGroup" | toYaml }}
{{- else }}
  {{- index . 1 | toYaml }}
{{- end }}
{{- end }}

{{/*
Spread over hosts and zones: dict "selector" "values". Zones by affinity, because the scheduler disregards a list of
constraints on nodes that lack the label of any of them, and outside clouds nodes have no zone.
*/}}
{{- define "salesloft-webhooks.spread" -}}
{{- if not .values.affinity }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: topology.kubernetes.io/zone
          labelSelector:
            matchLabels:
              {{- .selector | nindent 14 }}
{{- end }}
topologySpreadConstraints:
{{- if .values.topologySpreadConstraints }}
  {{- toYaml .values.topologySpreadConstraints | nindent 2 }}
{{- else }}
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- .selector | nindent 8 }}
    # Of this roll-out's pods: those about to go must not drive the new ones onto one node.
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{/*
Probes on the operations port: dict "values", whose `probes` win over these times. Start-up takes under a second, so it is
asked every second.
*/}}
{{- define "salesloft-webhooks.probes" -}}
{{- $given := default (dict) (default (dict) .values).probes -}}
{{- $startup := dict "periodSeconds" 1 "failureThreshold" 60 -}}
{{- $readiness := dict "periodSeconds" 5 "timeoutSeconds" 3 "failureThreshold" 2 -}}
{{- $liveness := dict "periodSeconds" 10 "timeoutSeconds" 5 "failureThreshold" 3 -}}
startupProbe:
  httpGet: {path: /livez, port: ops}
  {{- mergeOverwrite $startup (default (dict) $given.startup) | toYaml | nindent 2 }}
readinessProbe:
  httpGet: {path: /readyz, port: ops}
  {{- mergeOverwrite $readiness (default (dict) $given.readiness) | toYaml | nindent 2 }}
livenessProbe:
  httpGet: {path: /livez, port: ops}
  {{- mergeOverwrite $liveness (default (dict) $given.liveness) | toYaml | nindent 2 }}
{{- end }}

{{/* How the pods of a Deployment follow each other: its values; or nothing, which is Kubernetes' own way. */}}
{{- define "salesloft-webhooks.rolloutSettings" -}}
{{- with .minReadySeconds }}
minReadySeconds: {{ . }}
{{- end }}
{{- if not (kindIs "invalid" .revisionHistoryLimit) }}
revisionHistoryLimit: {{ .revisionHistoryLimit }}
{{- end }}
{{- end }}

{{/* How pods of the old version are replaced: its values. */}}
{{- define "salesloft-webhooks.strategy" -}}
{{- if .strategy }}{{ toYaml .strategy }}{{ else -}}
type: RollingUpdate
rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
{{- end }}
{{- end }}

{{/* What a disruption budget leaves: its values. */}}
{{- define "salesloft-webhooks.disruptionLimit" -}}
{{- if kindIs "invalid" .minAvailable }}maxUnavailable: {{ .maxUnavailable }}{{ else }}minAvailable: {{ .minAvailable }}{{ end }}
{{- end }}

{{/*
The files of the store's login, as JSON: {file: {"volume" "secret" "key" "setting"}}. Each is re-read when it is needed, so a
new one needs no restart. List root and the role that logs in, which may have a user of its own.
*/}}
{{- define "salesloft-webhooks.redisFiles" -}}
{{- $redis := (index . 0).Values.redis -}}
{{- $user := get $redis.users (index . 1) -}}
{{- $files := dict -}}
{{- with $redis.caSecret }}{{ if .name }}
  {{- $_ := set $files "redis-ca/ca.crt" (dict "secret" .name "key" .key "setting" "REDIS_CA_FILE") }}
{{- end }}{{ end -}}
{{- with not (empty $user) | ternary (dict "name" $user "key" "password") $redis.passwordFileSecret }}{{ if .name }}
  {{- $_ := set $files "redis-login/password" (dict "secret" .name "key" .key "setting" "REDIS_PASSWORD_FILE") }}
{{- end }}{{ end -}}
{{- with $redis.sentinel.passwordSecret }}{{ if .name }}
  {{- $_ := set $files "redis-sentinel/password" (dict "secret" .name "key" .key "setting" "REDIS_SENTINEL_PASSWORD_FILE") }}
{{- end }}{{ end -}}
{{- with $redis.clientCertificateSecret.name }}
  {{- $_ := set $files "redis-client/tls.crt" (dict "secret" . "key" "tls.crt" "setting" "REDIS_CLIENT_CERT_FILE") }}
  {{- $_ := set $files "redis-client/tls.key" (dict "secret" . "key" "tls.key" "setting" "REDIS_CLIENT_KEY_FILE") }}
{{- end }}
{{- $files | toJson }}
{{- end }}

{{/* These files as volumes, one for each folder. */}}
{{- define "salesloft-webhooks.redisCaVolume" -}}
{{- $files := include "salesloft-webhooks.redisFiles" . | fromJson -}}
{{- $folders := list -}}
{{- range $path, $_ := $files }}{{ $folders = append $folders (dir $path) }}{{ end -}}
{{- range $folder := uniq $folders }}
{{- $items := list }}
{{- $secret := "" }}
{{- range $path, $file := $files }}
  {{- if eq (dir $path) $folder }}
    {{- $items = append $items (dict "key" $file.key "path" (base $path)) }}
    {{- $secret = $file.secret }}
  {{- end }}
{{- end }}
- name: {{ $folder }}
  secret:
    secretName: {{ $secret }}
    {{- if ne $folder "redis-ca" }}
    defaultMode: 0440
    {{- end }}
    items:
      {{- toYaml $items | nindent 6 }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.redisCaMount" -}}
{{- $folders := list -}}
{{- range $path, $_ := include "salesloft-webhooks.redisFiles" . | fromJson }}{{ $folders = append $folders (dir $path) }}{{ end -}}
{{- range uniq $folders }}
- name: {{ . }}
  mountPath: /etc/salesloft-webhooks/{{ . }}
  readOnly: true
{{- end }}
{{- end }}

{{/* The source's keys as files, which are re-read when they change: environment, mount and volume. */}}
{{- define "salesloft-webhooks.keyEnvironment" -}}
{{- include "salesloft-webhooks.keyEnvironmentAt" (list . .Values.source.path) }}
{{- end }}

{{/* The same at another path: list root "/path". A file of sources says the paths itself. */}}
{{- define "salesloft-webhooks.keyEnvironmentAt" -}}
{{- if (index . 0).Values.sourcesFile.existingSecret }}
- name: SOURCES_FILE
  value: /etc/salesloft-webhooks/sources/sources.yaml
{{- else }}
- name: SOURCE_PATH
  value: {{ index . 1 | quote }}
{{- range $file, $entry := (include "salesloft-webhooks.keys" (index . 0) | fromJson).entries }}
- name: SALESLOFT_{{ $file | upper | replace "-" "_" }}_FILE
  value: /etc/salesloft-webhooks/keys/{{ $file }}
{{- end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.keyMount" -}}
{{- if .Values.sourcesFile.existingSecret }}
- name: sources
  mountPath: /etc/salesloft-webhooks/sources
  readOnly: true
{{- else }}
- name: keys
  mountPath: /etc/salesloft-webhooks/keys
  readOnly: true
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.keyVolume" -}}
{{- if .Values.sourcesFile.existingSecret }}
- name: sources
  secret:
    secretName: {{ .Values.sourcesFile.existingSecret }}
    defaultMode: 0440
    items: [{key: {{ .Values.sourcesFile.key | quote }}, path: sources.yaml}]
{{- else }}
{{- $keys := include "salesloft-webhooks.keys" . | fromJson }}
- name: keys
  secret:
    secretName: {{ $keys.secret }}
    defaultMode: 0440
    items:
      {{- range $file, $entry := $keys.entries }}
      - {key: {{ $entry | quote }}, path: {{ $file }}}
      {{- end }}
{{- end }}
{{- end }}
