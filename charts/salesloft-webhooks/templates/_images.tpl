{{/*
An image reference: list root (the image's values) (the values that fill its empty fields). A digest wins over a tag, and
a registry of the image's own over `global.imageRegistry`.
*/}}
{{- define "salesloft-webhooks.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $default := index . 2 -}}
{{- $own := or $image.repository $image.tag $image.digest -}}
{{- $registry := coalesce $image.registry $default.registry (default (dict) $root.Values.global).imageRegistry -}}
{{- $repository := required "an image needs a repository" (default $default.repository $image.repository) -}}
{{- $tag := default (default $root.Chart.AppVersion $default.tag) $image.tag -}}
{{- $digest := empty $own | ternary $default.digest $image.digest -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $repository }}
{{- if $digest }}@{{ $digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}

{{/* `imagePullSecrets:` of a pod, or nothing: the chart's own and those of `global.imagePullSecrets`, names or objects. */}}
{{- define "salesloft-webhooks.imagePullSecrets" -}}
{{- $secrets := list -}}
{{- range concat .Values.imagePullSecrets (default (list) (default (dict) .Values.global).imagePullSecrets) }}
  {{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) }}
{{- end }}
{{- with uniq $secrets }}{{ dict "imagePullSecrets" . | toYaml }}{{ end }}
{{- end }}
