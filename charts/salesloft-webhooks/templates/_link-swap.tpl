{{/* The receivers that answer link_swap only. */}}

{{/* Their values: those of `receiver`, but for what is different; as JSON. */}}
{{- define "salesloft-webhooks.linkSwapReceiver" -}}
{{- $fixed := dict "autoscaling" (dict "enabled" false) "extraEnv" list "extraEnvFrom" list -}}
{{- mergeOverwrite (deepCopy .Values.receiver) $fixed (deepCopy .Values.linkSwap.receiver) | toJson }}
{{- end }}

{{- define "salesloft-webhooks.linkSwapEnvironment" -}}
{{- include "salesloft-webhooks.keyEnvironmentAt" (list . .Values.linkSwap.path) }}
{{- with .Values.linkSwap }}
{{- if .url }}
- name: LINK_SWAP_URL
  value: {{ .url | quote }}
- name: LINK_SWAP_SECRET_FILE
  value: /etc/salesloft-webhooks/link-swap/secret
{{- if .allowPrivateAddresses }}
- name: LINK_SWAP_ALLOW_PRIVATE_ADDRESSES
  value: "true"
{{- end }}
{{- else }}
- name: LINK_SWAP_HANDLER
  value: {{ .handler | quote }}
{{- end }}
- name: LINK_SWAP_ALLOWED_HOSTS
  value: {{ join "," .allowedHosts | quote }}
{{- with .timeoutSeconds }}
- name: LINK_SWAP_TIMEOUT_SECONDS
  value: {{ . | quote }}
{{- end }}
{{- with .onFailure }}
- name: LINK_SWAP_ON_FAILURE
  value: {{ . }}
{{- end }}
{{- with .concurrency }}
- name: LINK_SWAP_CONCURRENCY
  value: {{ . | quote }}
{{- end }}
{{- if .events }}
- name: LINK_SWAP_EVENTS
  value: "true"
{{- end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.linkSwapMount" -}}
{{- if .Values.linkSwap.url }}
- name: link-swap
  mountPath: /etc/salesloft-webhooks/link-swap
  readOnly: true
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.linkSwapVolume" -}}
{{- if .Values.linkSwap.url }}
- name: link-swap
  secret:
    secretName: {{ .Values.linkSwap.secret.name }}
    defaultMode: 0440
    items: [{key: {{ .Values.linkSwap.secret.key | quote }}, path: secret}]
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.checkLinkSwap" -}}
{{- with .Values.linkSwap }}
{{- if .enabled }}
{{- if and .url .handler }}
  {{- fail "linkSwap.url and linkSwap.handler exclude each other" }}
{{- end }}
{{- if not (or .url .handler) }}
  {{- fail "linkSwap.enabled needs linkSwap.url or linkSwap.handler: something has to say where links lead" }}
{{- end }}
{{- if not .allowedHosts }}
  {{- fail "linkSwap.enabled needs linkSwap.allowedHosts: the hosts that new links may lead to, or \"*\" for any" }}
{{- end }}
{{- if and .url (not .secret.name) }}
  {{- fail "linkSwap.url needs linkSwap.secret.name: what is posted there is signed" }}
{{- end }}
{{- if and .url $.Values.networkPolicy.enabled (not .egress) }}
  {{- fail "linkSwap.url needs linkSwap.egress while networkPolicy.enabled is true: no pod would get there, and each mail would go out with its own links" }}
{{- end }}
{{- $leaving := include "salesloft-webhooks.linkSwapReceiver" $ | fromJson }}
{{- if ge (addf $leaving.preStopSeconds $leaving.shutdownDelaySeconds $leaving.drainSeconds) (float64 $leaving.terminationGracePeriodSeconds) }}
  {{- fail "linkSwap.receiver: preStopSeconds, shutdownDelaySeconds and drainSeconds together must be below terminationGracePeriodSeconds, else requests are cut off" }}
{{- end }}
{{- if and $.Values.sourcesFile.existingSecret (not (has .path $.Values.sourcesFile.paths)) }}
  {{- fail (printf "linkSwap.path=%s is none of sourcesFile.paths" .path) }}
{{- end }}
{{- if and (not $.Values.sourcesFile.existingSecret) (eq .path $.Values.source.path) }}
  {{- fail "linkSwap.path and source.path must differ: a path leads to one of the Services" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
