{{/*
Labels and annotations of a definition. `keep` says to Helm and to Argo CD alike: the objects of its kind are somebody's,
and go with their definition.
*/}}
{{- define "salesloft-webhooks.definitionMetadata" -}}
labels:
  {{- include "salesloft-webhooks.labels" (list . "operator") | nindent 2 }}
{{- $keep := dict "helm.sh/resource-policy" "keep" "argocd.argoproj.io/sync-options" "Prune=false,Delete=false" }}
{{- include "salesloft-webhooks.annotations" (list . (.Values.crds.keep | ternary $keep dict)) | replace "\n  " "\n" }}
{{- end }}
