{{- /*
A file of rules or a dashboard, its links to runbooks leading to where this installation keeps them.
Call: include "salesloft-webhooks.runbookLinks" (list $ $content)
*/}}
{{- define "salesloft-webhooks.runbookLinks" -}}
{{- $root := index . 0 -}}
{{- index . 1 | replace "docs/runbooks/" $root.Values.monitoring.runbookBaseUrl -}}
{{- end -}}
