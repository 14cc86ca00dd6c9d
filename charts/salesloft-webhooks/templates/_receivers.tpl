{{/*
The Deployment of receivers: dict "root" "component" "values" (as `receiver`) "image" "environment" (what it listens for)
and, as text, further "mounts" and "volumes".
*/}}
{{- define "salesloft-webhooks.receiverDeployment" -}}
{{- $root := .root -}}
{{- $component := .component -}}
{{- $receiver := .values -}}
{{- $selector := include "salesloft-webhooks.selectorLabels" (list $root $component) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "salesloft-webhooks.componentName" (list $root $component) }}
  namespace: {{ include "salesloft-webhooks.namespace" $root }}
  labels:
    {{- include "salesloft-webhooks.labels" (list $root $component) | nindent 4 }}
  {{- include "salesloft-webhooks.annotations" (list $root $receiver.deploymentAnnotations) }}
spec:
  {{- with include "salesloft-webhooks.rolloutSettings" $receiver }}{{ trim . | nindent 2 }}{{ end }}
  {{- if not $receiver.autoscaling.enabled }}
  replicas: {{ $receiver.replicas }}
  {{- end }}
  # SalesLoft gives up after about 45 s: during a roll-out there are never fewer receivers than before.
  strategy:
    {{- include "salesloft-webhooks.strategy" $receiver | nindent 4 }}
  selector:
    matchLabels:
      {{- $selector | nindent 6 }}
  template:
    metadata:
      {{- include "salesloft-webhooks.podMetadata" (dict "root" $root "selector" $selector "values" $receiver) | nindent 6 }}
    spec:
      serviceAccountName: {{ include "salesloft-webhooks.receiverServiceAccountName" $root }}
      {{- include "salesloft-webhooks.podSettings" (dict "root" $root "values" $receiver) | nindent 6 }}
      {{- include "salesloft-webhooks.spread" (dict "selector" $selector "values" $receiver) | nindent 6 }}
      terminationGracePeriodSeconds: {{ $receiver.terminationGracePeriodSeconds }}
      securityContext:
        {{- include "salesloft-webhooks.podSecurityContext" (list $root $root.Values.podSecurityContext) | nindent 8 }}
      {{- $store := include "salesloft-webhooks.storeEnvironment" (list $root "receiver") }}
      {{- $files := include "salesloft-webhooks.roleFileEnvironment" (list $root "receiver") }}
      {{- $leaving := include "salesloft-webhooks.leavingEnvironment" $receiver }}
      {{- $tracing := include "salesloft-webhooks.tracingEnvironment" (list $root $component) }}
      {{- $variables := include "salesloft-webhooks.variables" (list $receiver.extraEnv $store $files .environment $leaving $tracing) }}
      {{- if or $receiver.initContainers $root.Values.doctor.enabled }}
      initContainers:
        {{- with $receiver.initContainers }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- if $root.Values.doctor.enabled }}
        {{- include "salesloft-webhooks.doctor" (dict "root" $root "role" "receiver" "values" $receiver "image" .image "variables" $variables) | nindent 8 }}
          volumeMounts:
            {{- include "salesloft-webhooks.keyMount" $root | trim | nindent 12 }}
            {{- with include "salesloft-webhooks.redisCaMount" (list $root "receiver") }}{{ trim . | nindent 12 }}{{ end }}
            {{- with include "salesloft-webhooks.roleFileMounts" (list $root "receiver") }}{{ trim . | nindent 12 }}{{ end }}
            {{- with .mounts }}{{ trim . | nindent 12 }}{{ end }}
            {{- with $receiver.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ $component }}
          image: {{ include "salesloft-webhooks.image" (list $root .image $root.Values.image) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [receiver]
          envFrom:
            - configMapRef:
                name: {{ include "salesloft-webhooks.componentName" (list $root "config") }}
            {{- with $receiver.extraEnvFrom }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          env:
            {{- $variables | nindent 12 }}
          {{- $hooks := deepCopy $receiver.lifecycle }}
          {{- if and $receiver.preStopSeconds (not $hooks.preStop) }}
          {{- $_ := set $hooks "preStop" (dict "sleep" (dict "seconds" $receiver.preStopSeconds)) }}
          {{- end }}
          {{- with $hooks }}
          # While Kubernetes tells nodes and load balancers, nothing has changed for the process; no shell is needed for
          # it. Only then does it learn that it leaves, and closes the connections that clients hold open.
          lifecycle:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            - {name: http, containerPort: 8000}
            - {name: ops, containerPort: 9090}
          {{- include "salesloft-webhooks.probes" (dict "values" $receiver) | nindent 10 }}
          resources:
            {{- toYaml $receiver.resources | nindent 12 }}
          securityContext:
            {{- toYaml $root.Values.containerSecurityContext | nindent 12 }}
          volumeMounts:
            {{- include "salesloft-webhooks.keyMount" $root | trim | nindent 12 }}
            {{- with include "salesloft-webhooks.redisCaMount" (list $root "receiver") }}{{ trim . | nindent 12 }}{{ end }}
            {{- with include "salesloft-webhooks.roleFileMounts" (list $root "receiver") }}{{ trim . | nindent 12 }}{{ end }}
            {{- with .mounts }}{{ trim . | nindent 12 }}{{ end }}
            {{- with $receiver.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
        {{- with $receiver.extraContainers }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      volumes:
        {{- include "salesloft-webhooks.keyVolume" $root | trim | nindent 8 }}
        {{- with include "salesloft-webhooks.redisCaVolume" (list $root "receiver") }}{{ trim . | nindent 8 }}{{ end }}
        {{- with include "salesloft-webhooks.roleFileVolumes" (list $root "receiver") }}{{ trim . | nindent 8 }}{{ end }}
        {{- with .volumes }}{{ trim . | nindent 8 }}{{ end }}
        {{- with $receiver.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end }}

{{/* How a receiver leaves: its values. */}}
{{- define "salesloft-webhooks.leavingEnvironment" -}}
- name: SHUTDOWN_DELAY_SECONDS
  value: {{ .shutdownDelaySeconds | quote }}
- name: DRAIN_SECONDS
  value: {{ .drainSeconds | quote }}
{{- end }}
