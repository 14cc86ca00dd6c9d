{{/* Files of Secrets that some roles have: keys of bodies, addresses of people. Each is re-read when it changes. */}}

{{/*
The files of a role, as a JSON list of {"name" "secret" "key" "setting"}: list root "worker". Who reads or writes bodies has
their keys; receivers, which only write, where they are to encrypt.
*/}}
{{- define "salesloft-webhooks.roleFiles" -}}
{{- $values := (index . 0).Values -}}
{{- $role := index . 1 -}}
{{- $files := list -}}
{{- if and $values.bodyKeys.existingSecret (or (ne $role "receiver") $values.bodyKeys.encrypt) }}
  {{- $files = append $files (dict "name" "body-keys" "secret" $values.bodyKeys.existingSecret "key" $values.bodyKeys.key "setting" "BODY_KEY_FILE") }}
{{- end }}
{{- if and $values.alerts.existingSecret (eq $role "worker") }}
  {{- $files = append $files (dict "name" "alert-urls" "secret" $values.alerts.existingSecret "key" $values.alerts.key "setting" "ALERT_URLS_FILE") }}
{{- end }}
{{- $files | toJson }}
{{- end }}

{{- define "salesloft-webhooks.roleFileEnvironment" -}}
{{- range include "salesloft-webhooks.roleFiles" . | fromJsonArray }}
- name: {{ .setting }}
  value: /etc/salesloft-webhooks/{{ .name }}/{{ .name }}
{{- if and (eq .setting "BODY_KEY_FILE") (not (index $ 0).Values.bodyKeys.encrypt) }}
- name: ENCRYPT_BODIES
  value: "false"
{{- end }}
{{- end }}
{{- with (index . 0).Values.alerts }}
{{- if and (eq (index $ 1) "worker") .existingSecret .periodSeconds }}
- name: ALERT_PERIOD_SECONDS
  value: {{ .periodSeconds | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.roleFileMounts" -}}
{{- range include "salesloft-webhooks.roleFiles" . | fromJsonArray }}
- name: {{ .name }}
  mountPath: /etc/salesloft-webhooks/{{ .name }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.roleFileVolumes" -}}
{{- range include "salesloft-webhooks.roleFiles" . | fromJsonArray }}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items: [{key: {{ .key | quote }}, path: {{ .name }}}]
{{- end }}
{{- end }}
