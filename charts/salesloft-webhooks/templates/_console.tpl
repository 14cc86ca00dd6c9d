{{- define "salesloft-webhooks.consoleServiceAccountName" -}}
{{- with .Values.console.serviceAccount }}
{{- if .create }}{{ default (include "salesloft-webhooks.componentName" (list $ "console")) .name }}{{ else }}{{ default "default" .name }}{{ end }}
{{- end }}
{{- end }}

{{/*
The files that say who may come in, as JSON: {file: {"secret": name, "key": entry, "setting": name}}. They are re-read when
they change.
*/}}
{{- define "salesloft-webhooks.consoleFiles" -}}
{{- $console := .Values.console -}}
{{- $files := dict -}}
{{- if eq $console.auth "token" }}
  {{- $_ := set $files "tokens" (dict "secret" $console.tokens.existingSecret "key" $console.tokens.key "setting" "CONSOLE_TOKENS_FILE") }}
{{- else }}
  {{- $_ := set $files "roles.yaml" (dict "secret" $console.roles.existingSecret "key" $console.roles.key "setting" "CONSOLE_ROLES_FILE") }}
  {{- with $console.proxy.existingSecret }}
    {{- $_ := set $files "proxy-secret" (dict "secret" . "key" $console.proxy.key "setting" "CONSOLE_PROXY_SECRET_FILE") }}
  {{- end }}
{{- end }}
{{- $files | toJson }}
{{- end }}

{{- define "salesloft-webhooks.consoleEnvironment" -}}
{{- $console := .Values.console -}}
- name: CONSOLE_AUTH
  value: {{ $console.auth }}
{{- with $console.grafanaUrl }}
- name: CONSOLE_GRAFANA_URL
  value: {{ . | quote }}
{{- end }}
{{- if eq $console.auth "proxy" }}
{{- range $setting, $value := dict "CONSOLE_JWKS_URL" $console.proxy.jwksUrl "CONSOLE_ISSUER" $console.proxy.issuer "CONSOLE_AUDIENCE" $console.proxy.audience }}
{{- with $value }}
- name: {{ $setting }}
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- range $file, $from := include "salesloft-webhooks.consoleFiles" . | fromJson }}
- name: {{ $from.setting }}
  value: /etc/salesloft-webhooks/console/{{ $file }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.consoleMounts" -}}
- name: console
  mountPath: /etc/salesloft-webhooks/console
  readOnly: true
{{- end }}

{{- define "salesloft-webhooks.consoleVolumes" -}}
- name: console
  projected:
    defaultMode: 0440
    sources:
      {{- range $file, $from := include "salesloft-webhooks.consoleFiles" . | fromJson }}
      - secret:
          name: {{ $from.secret }}
          items: [{key: {{ $from.key | quote }}, path: {{ $file }}}]
      {{- end }}
{{- end }}

{{- define "salesloft-webhooks.checkConsole" -}}
{{- $console := .Values.console -}}
{{- if $console.enabled }}
{{- if not $console.auth }}
  {{- fail "console.enabled needs console.auth: proxy or token; none is for a loopback address, and a pod has no use for one" }}
{{- end }}
{{- if and (eq $console.auth "token") (not $console.tokens.existingSecret) }}
  {{- fail "console.auth=token needs console.tokens.existingSecret" }}
{{- end }}
{{- if eq $console.auth "proxy" }}
  {{- if not $console.roles.existingSecret }}
    {{- fail "console.auth=proxy needs console.roles.existingSecret: without it nobody may see anything" }}
  {{- end }}
  {{- $token := and $console.proxy.jwksUrl $console.proxy.issuer $console.proxy.audience }}
  {{- if and (not $token) (or $console.proxy.jwksUrl $console.proxy.issuer $console.proxy.audience) }}
    {{- fail "console.proxy.jwksUrl, console.proxy.issuer and console.proxy.audience need each other" }}
  {{- end }}
  {{- if not (or $token $console.proxy.existingSecret) }}
    {{- fail "console.auth=proxy needs console.proxy.jwksUrl with issuer and audience, or console.proxy.existingSecret: a network path alone proves nobody" }}
  {{- end }}
  {{- if and $token $console.proxy.existingSecret }}
    {{- fail "console.proxy.jwksUrl and console.proxy.existingSecret exclude each other" }}
  {{- end }}
{{- end }}
{{- if and $console.ingress.enabled (not $console.ingress.hosts) }}
  {{- fail "console.ingress.enabled needs console.ingress.hosts: a host name of its own" }}
{{- end }}
{{- if and $console.httpRoute.enabled (not (and $console.httpRoute.parentRefs $console.httpRoute.hostnames)) }}
  {{- fail "console.httpRoute.enabled needs console.httpRoute.parentRefs and console.httpRoute.hostnames: a host name of its own" }}
{{- end }}
{{- range concat $console.ingress.hosts $console.httpRoute.hostnames }}
  {{- if has . (concat $.Values.receiver.ingress.hosts $.Values.receiver.httpRoute.hostnames) }}
    {{- fail (printf "console.ingress.hosts and console.httpRoute.hostnames: %s is the webhook's (receiver.ingress.hosts, receiver.httpRoute.hostnames); the console needs a host name of its own" .) }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
