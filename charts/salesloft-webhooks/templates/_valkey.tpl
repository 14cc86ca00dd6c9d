{{/* valkey.conf */}}
{{- define "salesloft-webhooks.valkeyConfiguration" -}}
dir /data
# Every write is on disk before it is answered, so a 200 survives the node.
appendonly yes
appendfsync always
save ""
# Full means that writes fail, never that events are evicted.
maxmemory {{ .Values.valkey.maxMemory }}
maxmemory-policy noeviction
{{- with .Values.valkey.extraConfig }}
{{ . }}
{{- end }}
{{- end }}
