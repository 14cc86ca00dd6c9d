{{/* Combinations that cannot work. Each message names both values, so that it can be acted on without reading templates. */}}
{{- define "salesloft-webhooks.checks" -}}
{{- $redis := .Values.redis -}}
{{- $externalRedis := include "salesloft-webhooks.isExternal" (list . "redis-url") -}}
{{- $givenRedis := or $redis.url $redis.existingSecret.name $externalRedis -}}
{{- if and .Values.valkey.enabled $givenRedis }}
  {{- fail "valkey.enabled and an external server (redis.url, redis.existingSecret.name or externalSecret.data.redis-url) exclude each other: set valkey.enabled=false" }}
{{- end }}
{{- if not (or .Values.valkey.enabled $givenRedis) }}
  {{- fail "valkey.enabled is false, so one of redis.url, redis.existingSecret.name and externalSecret.data.redis-url must name a server" }}
{{- end }}
{{- if and $redis.url $redis.existingSecret.name }}
  {{- fail "redis.url and redis.existingSecret.name exclude each other" }}
{{- end }}
{{- if and $externalRedis (or $redis.url $redis.existingSecret.name) }}
  {{- fail "externalSecret.data.redis-url and redis.url or redis.existingSecret.name exclude each other" }}
{{- end }}
{{- include "salesloft-webhooks.checkPassword" (list "redis" "REDIS_PASSWORD" $redis) }}
{{- include "salesloft-webhooks.checkPassword" (list "database" "DATABASE_PASSWORD" .Values.database) }}
{{- if and .Values.valkey.enabled (hasPrefix "replicas:" $redis.durability) }}
  {{- fail "redis.durability=replicas:N needs a server with replicas, and valkey.enabled runs a single one" }}
{{- end }}
{{- if and (hasPrefix "replicas:" $redis.durability) (regexMatch "^rediss?[+]cluster:" $redis.url) }}
  {{- fail "redis.durability=replicas:N is not to be had with a cluster in redis.url: WAIT speaks of one node only" }}
{{- end }}
{{- if and .Values.valkey.enabled $redis.storeMaxBytes }}
  {{- fail "redis.storeMaxBytes is for external servers; what the one of valkey.enabled may use says valkey.maxMemory" }}
{{- end }}
{{- if and $redis.historyMaxBytes (hasKey .Values.config "HISTORY_MAX_BYTES") }}
  {{- fail "redis.historyMaxBytes and config.HISTORY_MAX_BYTES are one setting: give one of them" }}
{{- end }}
{{- if and $redis.storeMaxBytes $redis.historyMaxBytes $redis.url (not (regexMatch "^rediss?[+]cluster:" $redis.url)) (ge (float64 $redis.historyMaxBytes) (float64 $redis.storeMaxBytes)) }}
  {{- fail "redis.historyMaxBytes is not below redis.storeMaxBytes, so it would limit nothing: history is a part of what the one server of redis.url may use" }}
{{- end }}
{{- if and .Values.valkey.enabled $redis.caSecret.name }}
  {{- fail "redis.caSecret.name is for external servers; valkey.enabled does not use TLS" }}
{{- end }}
{{- range $name, $secret := pick $redis "usernameSecret" "passwordFileSecret" "clientCertificateSecret" }}
  {{- if and $.Values.valkey.enabled $secret.name }}
    {{- fail (printf "redis.%s.name is for external servers; valkey.enabled has a password of its own" $name) }}
  {{- end }}
{{- end }}
{{- include "salesloft-webhooks.checkRedisUsers" . }}
{{- if and $redis.passwordFileSecret.name (or $redis.passwordSecret.name (regexMatch "://[^/@]*:[^/@]*@" $redis.url)) }}
  {{- fail "redis.passwordFileSecret.name and a password in redis.url (redis.passwordSecret.name) exclude each other" }}
{{- end }}
{{- if and (or $redis.sentinel.username $redis.sentinel.passwordSecret.name) (or .Values.valkey.enabled (and $redis.url (not (contains "+sentinel:" $redis.url)))) }}
  {{- fail "redis.sentinel.username and redis.sentinel.passwordSecret.name are for sentinels, and redis.url names none" }}
{{- end }}
{{- if and $redis.clientCertificateSecret.name $redis.url (not (hasPrefix "rediss" $redis.url)) }}
  {{- fail "redis.clientCertificateSecret.name needs TLS, and redis.url does not use it (rediss://)" }}
{{- end }}
{{- include "salesloft-webhooks.checkSource" . }}
{{- if and .Values.externalSecret.enabled (not .Values.externalSecret.data) }}
  {{- fail "externalSecret.enabled needs something to fetch in externalSecret.data" }}
{{- end }}
{{- if and .Values.externalSecret.enabled (not .Values.externalSecret.secretStoreRef.name) }}
  {{- fail "externalSecret.enabled needs externalSecret.secretStoreRef.name" }}
{{- end }}
{{- if and .Values.database.url .Values.database.existingSecret.name }}
  {{- fail "database.url and database.existingSecret.name exclude each other" }}
{{- end }}
{{- if and (include "salesloft-webhooks.isExternal" (list . "database-url")) (or .Values.database.url .Values.database.existingSecret.name) }}
  {{- fail "externalSecret.data.database-url and database.url or database.existingSecret.name exclude each other" }}
{{- end }}
{{- include "salesloft-webhooks.checkPorts" . }}
{{- include "salesloft-webhooks.checkReceiver" . }}
{{- include "salesloft-webhooks.checkLinkSwap" . }}
{{- include "salesloft-webhooks.checkWorkers" . }}
{{- if and .Values.compaction.enabled (not (hasKey (include "salesloft-webhooks.workers" . | fromJson) "warehouse")) }}
  {{- fail "compaction.enabled needs workers.warehouse, whose image, storage and credentials it uses; of one that writes elsewhere, workers.warehouse.replicas may be 0" }}
{{- end }}
{{- include "salesloft-webhooks.checkTest" . }}
{{- include "salesloft-webhooks.checkOperator" . }}
{{- include "salesloft-webhooks.checkConsole" . }}
{{- include "salesloft-webhooks.checkMonitoring" . }}
{{- if .Values.backfill.enabled }}
  {{- include "salesloft-webhooks.checkSalesloftApi" (list . "backfill.enabled") }}
{{- end }}
{{- end }}

{{/* A port that an address names and no policy lets through would leave pods unready without a word. */}}
{{- define "salesloft-webhooks.checkPorts" -}}
{{- $redisPort := contains "+sentinel:" .Values.redis.url | ternary "26379" "6379" -}}
{{- $places := list (list "redis" .Values.redis.url $redisPort "redis.url") (list "database" .Values.database.url "5432" "database.url") (list "otlp" .Values.tracing.endpoint "" "tracing.endpoint") (list "salesloftApi" .Values.salesloftApi.url (hasPrefix "http:" .Values.salesloftApi.url | ternary "80" "443") "salesloftApi.url") -}}
{{- range .Values.subscriptions }}
  {{- $url := dig "api" "baseUrl" "" .spec }}
  {{- $places = append $places (list "salesloftApi" $url (hasPrefix "http:" $url | ternary "80" "443") (printf "subscriptions.%s.spec.api.baseUrl" .name)) }}
{{- end }}
{{- range $place := .Values.networkPolicy.enabled | ternary $places list }}
  {{- $open := list -}}
  {{- range (index $.Values.networkPolicy (index $place 0)).ports }}{{ $open = append $open (int . | toString) }}{{ end }}
  {{- range $host := (ne (index $place 1) "") | ternary (regexReplaceAll "^[^:]*://(?:[^/?]*@)?([^/?]*).*$" (index $place 1) "$1" | splitList ",") list }}
    {{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" | default (index $place 2) -}}
    {{- if and $port (not (has $port $open)) }}
      {{- fail (printf "networkPolicy.%s.ports does not have %s, which %s leads to: no pod would get there" (index $place 0) $port (index $place 3)) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.checkPassword" -}}
{{- $values := index . 2 -}}
{{- if regexMatch "://[^/@]*:[^$@/][^@/]*@" (default "" $values.url) }}
  {{- fail (printf "%s.url holds a password in the clear: write $(%s) there and name a Secret in %s.passwordSecret.name" (index . 0) (index . 1) (index . 0)) }}
{{- end }}
{{- if and (contains (printf "$(%s)" (index . 1)) (default "" $values.url)) (not $values.passwordSecret.name) }}
  {{- fail (printf "%s.url refers to $(%s), so %s.passwordSecret.name must name a Secret" (index . 0) (index . 1) (index . 0)) }}
{{- end }}
{{- if and $values.passwordSecret.name (not (contains (printf "$(%s)" (index . 1)) (default "" $values.url))) }}
  {{- fail (printf "%s.passwordSecret.name is set, but %s.url does not refer to $(%s)" (index . 0) (index . 0) (index . 1)) }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.checkSource" -}}
{{- $source := .Values.source -}}
{{- $given := include "salesloft-webhooks.givenKeys" . | fromJson -}}
{{- $existing := $source.existingSecret -}}
{{- $vault := include "salesloft-webhooks.vaultKeys" . | fromJson -}}
{{- if and $given $existing.name }}
  {{- fail "source.keys and source.existingSecret.name exclude each other" }}
{{- end }}
{{- if and $vault (or $given $existing.name) }}
  {{- fail "keys in externalSecret.data and source.keys or source.existingSecret.name exclude each other" }}
{{- end }}
{{- $named := include "salesloft-webhooks.existingKeys" . | fromJson -}}
{{- $kinds := include "salesloft-webhooks.keyKinds" . | fromJsonArray -}}
{{- $allKinds := printf "%sKey and %sKey" (initial $kinds | join "Key, ") (last $kinds) -}}
{{- if and $existing.name (not $named) }}
  {{- fail (printf "source.existingSecret.name needs at least one of source.existingSecret.%s" $allKinds) }}
{{- end }}
{{- if and $named (not $existing.name) }}
  {{- fail (printf "source.existingSecret.%s need source.existingSecret.name" $allKinds) }}
{{- end }}
{{- if .Values.sourcesFile.existingSecret }}
  {{- if or $given $existing.name $vault }}
    {{- fail "sourcesFile.existingSecret replaces source.keys, source.existingSecret.name and keys in externalSecret.data: it holds the keys itself" }}
  {{- end }}
  {{- if not .Values.sourcesFile.paths }}
    {{- fail "sourcesFile.existingSecret needs sourcesFile.paths: Ingress and HTTPRoute let only these through" }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.checkReceiver" -}}
{{- $receiver := .Values.receiver -}}
{{- if ge (addf $receiver.preStopSeconds $receiver.shutdownDelaySeconds $receiver.drainSeconds) (float64 $receiver.terminationGracePeriodSeconds) }}
  {{- fail "receiver.preStopSeconds, receiver.shutdownDelaySeconds and receiver.drainSeconds together must be below receiver.terminationGracePeriodSeconds, else requests are cut off" }}
{{- end }}
{{- if gt (int $receiver.autoscaling.minReplicas) (int $receiver.autoscaling.maxReplicas) }}
  {{- fail "receiver.autoscaling.minReplicas is above receiver.autoscaling.maxReplicas" }}
{{- end }}
{{- if and $receiver.ingress.enabled (not $receiver.ingress.hosts) }}
  {{- fail "receiver.ingress.enabled needs receiver.ingress.hosts" }}
{{- end }}
{{- if and $receiver.httpRoute.enabled (not $receiver.httpRoute.parentRefs) }}
  {{- fail "receiver.httpRoute.enabled needs receiver.httpRoute.parentRefs" }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.checkWorkers" -}}
{{- $hasDatabase := include "salesloft-webhooks.hasDatabase" . -}}
{{- range $name, $worker := include "salesloft-webhooks.workers" . | fromJson }}
  {{- if and (not $worker.handlers) (not (include "salesloft-webhooks.builtIn" (list $ $name) | fromJsonArray)) }}
    {{- fail (printf "workers.%s has no built-in handlers (%s have), so workers.%s.handlers must name some" $name (keys ($.Files.Get "built-in-groups.yaml" | fromYaml) | sortAlpha | join ", ") $name) }}
  {{- end }}
  {{- if and (hasPrefix "forward-" $name) (not (or $worker.handlers $.Values.handlersFile.existingSecret $worker.extraEnvFrom (include "salesloft-webhooks.hasVariable" (list $worker "HANDLERS_FILE")))) }}
    {{- fail (printf "workers.%s needs handlersFile.existingSecret, whose file says where its endpoint is" $name) }}
  {{- end }}
  {{- if and (eq $name "warehouse") (not (or $worker.handlers $.Values.handlersFile.existingSecret $worker.extraEnvFrom (include "salesloft-webhooks.hasVariable" (list $worker "HANDLERS_FILE")))) }}
    {{- fail "workers.warehouse needs handlersFile.existingSecret, whose file says where its files go" }}
  {{- end }}
  {{- if ge (float64 $worker.graceSeconds) (float64 $worker.terminationGracePeriodSeconds) }}
    {{- fail (printf "workers.%s.graceSeconds must be below workers.%s.terminationGracePeriodSeconds, else handlers are cut off" $name $name) }}
  {{- end }}
  {{- if gt (int $worker.autoscaling.minReplicas) (int $worker.autoscaling.maxReplicas) }}
    {{- fail (printf "workers.%s.autoscaling.minReplicas is above workers.%s.autoscaling.maxReplicas" $name $name) }}
  {{- end }}
  {{- if and (eq $worker.autoscaling.type "keda") (not $worker.autoscaling.keda.serverAddress) }}
    {{- fail (printf "workers.%s.autoscaling.type=keda needs workers.%s.autoscaling.keda.serverAddress, where the backlog is measured" $name $name) }}
  {{- end }}
  {{- if and $worker.database (not $hasDatabase) (or (gt (int $worker.replicas) 1) (ne $worker.autoscaling.type "none")) }}
    {{- fail (printf "workers.%s.replicas and workers.%s.autoscaling.type must stay 1 and none while database.url is empty: pods cannot share an SQLite file" $name $name) }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "salesloft-webhooks.checkTest" -}}
{{- if and .Values.test.enabled (not (hasKey (include "salesloft-webhooks.workers" . | fromJson) .Values.test.group)) }}
  {{- fail (printf "test.group=%s must be one of the groups: there is no workers.%s, or its enabled or workerDefaults.enabled is false (or set test.enabled=false)" .Values.test.group .Values.test.group) }}
{{- end }}
{{- end }}

{{/* True where a worker has a variable of its own: list $worker "NAME". */}}
{{- define "salesloft-webhooks.hasVariable" -}}
{{- range (index . 0).extraEnv }}{{ if eq .name (index $ 1) }}true{{ end }}{{ end }}
{{- end }}

{{/* Users of Redis by role: all that run have one, and no other login beside. */}}
{{- define "salesloft-webhooks.checkRedisUsers" -}}
{{- $redis := .Values.redis -}}
{{- $given := list -}}
{{- range $role, $secret := $redis.users }}{{ if $secret }}{{ $given = append $given $role }}{{ end }}{{ end -}}
{{- with $given }}
  {{- $one := printf "redis.users.%s" (first .) }}
  {{- if $.Values.valkey.enabled }}
    {{- fail (printf "%s is for external servers; valkey.enabled has one user, with a password of its own" $one) }}
  {{- end }}
  {{- range $name := list "usernameSecret" "passwordFileSecret" "passwordSecret" }}
    {{- if (get $redis $name).name }}
      {{- fail (printf "%s and redis.%s.name exclude each other: each role has a login of its own, or all have one" $one $name) }}
    {{- end }}
  {{- end }}
  {{- if regexMatch "://[^/]*@" $redis.url }}
    {{- fail (printf "%s and a login in redis.url exclude each other" $one) }}
  {{- end }}
  {{- $running := list "receiver" "worker" "look" }}
  {{- range $role := list "backfill" "console" "operator" }}
    {{- if (get $.Values $role).enabled }}{{ $running = append $running $role }}{{ end }}
  {{- end }}
  {{- range $role := $running }}
    {{- if not (get $redis.users $role) }}
      {{- fail (printf "%s is set, so redis.users.%s has to be: it would log in as nobody" $one $role) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
