{{/* The init container that looks at what a role needs, without its mounts: dict "root" "role" "values" "image" "variables" (as text). */}}
{{- define "salesloft-webhooks.doctor" -}}
- name: doctor
  image: {{ include "salesloft-webhooks.image" (list .root .image .root.Values.image) }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: [doctor, --for, {{ .role }}]
  envFrom:
    - configMapRef:
        name: {{ include "salesloft-webhooks.componentName" (list .root "config") }}
    {{- with .values.extraEnvFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  env:
    {{- .variables | nindent 4 }}
  resources:
    {{- toYaml .values.resources | nindent 4 }}
  securityContext:
    {{- toYaml .root.Values.containerSecurityContext | nindent 4 }}
{{- end }}
