{{/* Egress rules. An empty list of peers means anywhere, on these ports only. */}}

{{/* One rule: list (peers) (ports). */}}
{{- define "salesloft-webhooks.egressRule" -}}
- {{ with index . 0 }}to:
    {{- toYaml . | nindent 4 }}
  {{ end }}ports:
    {{- range index . 1 }}
    - {port: {{ . }}}
    {{- end }}
{{- end }}

{{- define "salesloft-webhooks.dnsEgress" -}}
- {{ with .Values.networkPolicy.dns.to }}to:
    {{- toYaml . | nindent 4 }}
    {{- range $.Values.networkPolicy.dns.nodeLocal }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
  {{ end }}ports:
    {{- range .Values.networkPolicy.dns.ports }}
    - {port: {{ . }}, protocol: UDP}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end }}

{{/* What every process that uses the store needs. */}}
{{- define "salesloft-webhooks.storeEgress" -}}
{{ include "salesloft-webhooks.dnsEgress" . }}
{{- if .Values.valkey.enabled }}
- to:
    - podSelector:
        matchLabels:
          {{- include "salesloft-webhooks.selectorLabels" (list . "valkey") | nindent 10 }}
  ports:
    - {port: valkey}
{{- else }}
{{ include "salesloft-webhooks.egressRule" (list .Values.networkPolicy.redis.to .Values.networkPolicy.redis.ports) }}
{{- end }}
{{- if .Values.tracing.endpoint }}
{{ include "salesloft-webhooks.egressRule" (list .Values.networkPolicy.otlp.to .Values.networkPolicy.otlp.ports) }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.databaseEgress" -}}
{{ include "salesloft-webhooks.egressRule" (list .Values.networkPolicy.database.to .Values.networkPolicy.database.ports) }}
{{- end }}

{{/* `ingress:` of a policy, or nothing: list root (its own rules, as text). */}}
{{- define "salesloft-webhooks.ingressRules" -}}
{{- $own := index . 1 | trim -}}
{{- with (index . 0).Values.networkPolicy.extraIngress }}{{ $own = printf "%s\n%s" $own (toYaml .) | trim }}{{ end }}
{{- with $own }}
ingress:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* `egress:` of a policy, or nothing: list root (its own rules, as text). */}}
{{- define "salesloft-webhooks.egressRules" -}}
{{- $own := index . 1 | trim -}}
{{- with (index . 0).Values.networkPolicy.extraEgress }}{{ $own = printf "%s\n%s" $own (toYaml .) | trim }}{{ end }}
{{- with $own }}
egress:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Metrics: for Prometheus, or for nobody. */}}
{{- define "salesloft-webhooks.metricsIngress" -}}
{{- with .Values.networkPolicy.prometheus }}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    - {port: ops}
{{- end }}
{{- end }}
