{{/* An image reference: list root (the image's values) (the values that fill its empty fields). A digest wins over a tag. */}}
{{- define "salesloft-webhooks.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $default := index . 2 -}}
{{- $own := or $image.repository $image.tag $image.digest -}}
{{- $registry := default $default.registry $image.registry -}}
{{- $repository := required "an image needs a repository" (default $default.repository $image.repository) -}}
{{- $tag := default (default $root.Chart.AppVersion $default.tag) $image.tag -}}
{{- $digest := empty $own | ternary $default.digest $image.digest -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $repository }}
{{- if $digest }}@{{ $digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}
