{{/* What every process that asks SalesLoft's API needs: credentials as files, which are re-read when they change. */}}

{{- define "salesloft-webhooks.salesloftApiEnvironment" -}}
{{- with .Values.salesloftApi }}
{{- if .url }}
- name: SALESLOFT_API_URL
  value: {{ .url | quote }}
{{- end }}
{{- if .existingSecret.tokenKey }}
- name: SALESLOFT_API_TOKEN_FILE
  value: /etc/salesloft-webhooks/salesloft-api/token
{{- else }}
- name: SALESLOFT_CLIENT_ID
  value: {{ .clientId | quote }}
- name: SALESLOFT_CLIENT_SECRET_FILE
  value: /etc/salesloft-webhooks/salesloft-api/client-secret
{{- end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.salesloftApiMount" -}}
- name: salesloft-api
  mountPath: /etc/salesloft-webhooks/salesloft-api
  readOnly: true
{{- end }}

{{- define "salesloft-webhooks.salesloftApiVolume" -}}
{{- with .Values.salesloftApi.existingSecret }}
- name: salesloft-api
  secret:
    secretName: {{ .name }}
    defaultMode: 0440
    items:
      {{- if .tokenKey }}
      - {key: {{ .tokenKey | quote }}, path: token}
      {{- else }}
      - {key: {{ .clientSecretKey | quote }}, path: client-secret}
      {{- end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.salesloftApiEgress" -}}
{{ include "salesloft-webhooks.egressRule" (list .Values.networkPolicy.salesloftApi.to .Values.networkPolicy.salesloftApi.ports) }}
{{- end }}

{{/* Refuse credentials that are missing or said twice: list root "backfill.enabled", the value that needs them. */}}
{{- define "salesloft-webhooks.checkSalesloftApi" -}}
{{- with (index . 0).Values.salesloftApi }}
{{- if not .existingSecret.name }}
  {{- fail (printf "%s needs salesloftApi.existingSecret.name, a Secret with credentials for SalesLoft's API" (index $ 1)) }}
{{- end }}
{{- if and .existingSecret.tokenKey .existingSecret.clientSecretKey }}
  {{- fail "salesloftApi.existingSecret.tokenKey and salesloftApi.existingSecret.clientSecretKey exclude each other: set the one that is not used to \"\"" }}
{{- end }}
{{- if not (or .existingSecret.tokenKey .existingSecret.clientSecretKey) }}
  {{- fail (printf "%s needs salesloftApi.existingSecret.tokenKey, or salesloftApi.existingSecret.clientSecretKey with salesloftApi.clientId" (index $ 1)) }}
{{- end }}
{{- if and .existingSecret.clientSecretKey (not .clientId) }}
  {{- fail "salesloftApi.existingSecret.clientSecretKey needs salesloftApi.clientId" }}
{{- end }}
{{- end }}
{{- end }}
