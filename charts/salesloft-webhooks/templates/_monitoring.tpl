{{- /*
PromQL matchers of this release's series: as the PodMonitor or the ServiceMonitor labels them, else by the names of its pods,
which every usual way of scraping has.
*/}}
{{- define "salesloft-webhooks.matchers" -}}
{{- $monitoring := .Values.monitoring -}}
{{- $namespace := include "salesloft-webhooks.namespace" . -}}
{{- if $monitoring.matchers }}
  {{- $monitoring.matchers }}
{{- else if or $monitoring.podMonitor.enabled $monitoring.serviceMonitor.enabled }}
  {{- printf "namespace=%q,release=%q" $namespace .Release.Name }}
  {{- with $monitoring.cluster }}{{ printf ",cluster=%q" . }}{{ end }}
{{- else }}
  {{- printf "namespace=%q,pod=~\"%s-.*\"" $namespace (include "salesloft-webhooks.fullname" .) }}
{{- end }}
{{- end -}}

{{- /*
PromQL that asks for this release's series only, and for what its own rules have recorded: list $ $expression.
*/}}
{{- define "salesloft-webhooks.promql" -}}
{{- $scraped := include "salesloft-webhooks.matchers" (index . 0) -}}
{{- $labels := list -}}
{{- range $name, $value := include "salesloft-webhooks.releaseLabels" (index . 0) | fromJson }}
  {{- $labels = append $labels (printf "%s=%q" $name $value) }}
{{- end -}}
{{- $recorded := regexReplaceAll "(\\w+:salesloft_webhooks_\\w+:\\w+)" (index . 1) (printf "${1}{%s}" (join "," $labels)) -}}
{{- $all := regexReplaceAll "(^|[^:\\w])(salesloft_webhooks_\\w+|process_start_time_seconds)" $recorded (printf "${1}${2}{%s}" $scraped) -}}
{{- $all | replace "}{" "," -}}
{{- end -}}

{{- /* Which release this is, for labels of alerts and of what is recorded, as JSON. */}}
{{- define "salesloft-webhooks.releaseLabels" -}}
{{- $labels := dict "release" .Release.Name "namespace" (include "salesloft-webhooks.namespace" .) -}}
{{- with .Values.monitoring.cluster }}{{ $_ := set $labels "cluster" . }}{{ end -}}
{{- $labels | toJson }}
{{- end -}}

{{- /* What is said about a rule in the values, as JSON: list $ $rule. What is said of its severity wins. */}}
{{- define "salesloft-webhooks.alertValues" -}}
{{- $all := default (dict) (index (index . 0).Values.monitoring.prometheusRule.alerts (index . 1).alert) -}}
{{- $severity := default (dict) (index $all (index . 1).labels.severity) -}}
{{- mergeOverwrite (deepCopy (omit $all "warning" "critical")) (deepCopy $severity) | toJson }}
{{- end -}}

{{- /*
Annotations of an alert, as JSON: list $ $rule. Links, to a runbook and to the page of the console, only where they lead
somewhere.
*/}}
{{- define "salesloft-webhooks.alertAnnotations" -}}
{{- $root := index . 0 -}}
{{- $annotations := deepCopy (index . 1).annotations -}}
{{- $base := $root.Values.monitoring.runbookBaseUrl -}}
{{- if contains "://" $base }}
  {{- $_ := set $annotations "runbook_url" (replace "docs/runbooks/" $base $annotations.runbook_url) }}
{{- else }}
  {{- $_ := set $annotations "runbook" $annotations.runbook_url }}
  {{- $_ := unset $annotations "runbook_url" }}
{{- end }}
{{- with $root.Values.console.url }}
  {{- $_ := set $annotations "console_url" (printf "%s%s" (trimSuffix "/" .) (default "" $annotations.console_path)) }}
{{- end }}
{{- $_ := unset $annotations "console_path" }}
{{- $annotations | toJson }}
{{- end -}}

{{- /* A file of rules as this release has it, as JSON {"groups": [...]}: list $ $content. */}}
{{- define "salesloft-webhooks.rules" -}}
{{- $root := index . 0 -}}
{{- $values := $root.Values.monitoring.prometheusRule -}}
{{- $release := include "salesloft-webhooks.releaseLabels" $root | fromJson -}}
{{- $groups := list -}}
{{- range $group := (index . 1 | fromYaml).groups }}
  {{- $rules := list -}}
  {{- range $rule := $group.rules }}
    {{- $own := dict -}}
    {{- if $rule.alert }}
      {{- $own = include "salesloft-webhooks.alertValues" (list $root $rule) | fromJson }}
      {{- $annotations := include "salesloft-webhooks.alertAnnotations" (list $root $rule) | fromJson }}
      {{- $_ := set $rule "annotations" (mergeOverwrite $annotations (deepCopy $values.alertAnnotations) (default (dict) $own.annotations)) }}
      {{- $_ := set $rule "labels" (mergeOverwrite $rule.labels (deepCopy $release) (deepCopy $values.alertLabels) (default (dict) $own.labels)) }}
      {{- with $own.for }}{{ $_ := set $rule "for" . }}{{ end }}
    {{- else }}
      {{- $_ := set $rule "labels" (deepCopy $release) }}
    {{- end }}
    {{- $_ := set $rule "expr" (include "salesloft-webhooks.promql" (list $root $rule.expr)) }}
    {{- if ne $own.enabled false }}{{ $rules = append $rules $rule }}{{ end }}
  {{- end }}
  {{- if $rules }}{{ $groups = append $groups (dict "name" $group.name "rules" $rules) }}{{ end }}
{{- end }}
{{- dict "groups" $groups | toJson }}
{{- end -}}

{{- /* The relabelings by which this release's series are known: its values (of podMonitor or serviceMonitor). */}}
{{- define "salesloft-webhooks.relabelings" -}}
{{- $root := index . 0 -}}
- {action: replace, targetLabel: release, replacement: {{ $root.Release.Name }}}
{{- with $root.Values.monitoring.cluster }}
- {action: replace, targetLabel: cluster, replacement: {{ . | quote }}}
{{- end }}
{{- with (index . 1).relabelings }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /*
A dashboard as this release has it: list $ $content. What is chosen at its top is fixed, and title and uid are its own, so
that those of two releases stand side by side.
*/}}
{{- define "salesloft-webhooks.dashboard" -}}
{{- $root := index . 0 -}}
{{- $chosen := "cluster=~\"$cluster\",namespace=~\"$namespace\",release=~\"$release\"" -}}
{{- $release := include "salesloft-webhooks.releaseLabels" $root | fromJson -}}
{{- $name := list $release.cluster $release.namespace $release.release | compact | join "/" -}}
{{- $dashboard := index . 1 | replace "docs/runbooks/" $root.Values.monitoring.runbookBaseUrl | fromJson -}}
{{- $variables := list -}}
{{- range $variable := $dashboard.templating.list }}
  {{- if not (has $variable.name (list "cluster" "namespace" "release")) }}
    {{- with $variable.query }}
      {{- $query := replace (printf ",%s" $chosen) "" . | replace $chosen "" }}
      {{- $_ := set $variable "query" (include "salesloft-webhooks.promql" (list $root $query) | replace ",}" "}") }}
    {{- end }}
    {{- $variables = append $variables $variable }}
  {{- end }}
{{- end }}
{{- range $panel := $dashboard.panels }}
  {{- if not (contains "://" $root.Values.monitoring.runbookBaseUrl) }}{{ $_ := unset $panel "links" }}{{ end }}
  {{- range $target := $panel.targets }}
    {{- $query := replace (printf ",%s" $chosen) "" $target.expr | replace $chosen "" }}
    {{- $_ := set $target "expr" (include "salesloft-webhooks.promql" (list $root $query) | replace ",}" "}") }}
  {{- end }}
{{- end }}
{{- $_ := set $dashboard.templating "list" $variables }}
{{- $_ := set $dashboard "title" (printf "%s (%s)" $dashboard.title $name) }}
{{- $_ := set $dashboard "uid" (printf "%s-%s" $dashboard.uid (sha256sum $name | trunc 8)) }}
{{- $_ := set $dashboard "tags" (append $dashboard.tags $name) }}
{{- range $link := $dashboard.links }}{{ $_ := set $link "tags" $dashboard.tags }}{{ end }}
{{- toPrettyJson $dashboard }}
{{- end -}}

{{- /* How one is scraped: list $ and the values of its monitor. */}}
{{- define "salesloft-webhooks.endpoint" -}}
- port: ops
  path: /metrics
  {{- with (index . 1).interval }}
  interval: {{ . }}
  {{- end }}
  {{- with (index . 1).scrapeTimeout }}
  scrapeTimeout: {{ . }}
  {{- end }}
  {{- if (index . 1).honorLabels }}
  honorLabels: true
  {{- end }}
  relabelings:
    {{- include "salesloft-webhooks.relabelings" . | nindent 4 }}
  {{- with (index . 1).metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- /* The components whose pods have metrics, as a YAML list in one line. */}}
{{- define "salesloft-webhooks.measuredComponents" -}}
{{- $all := list "receiver" (.Values.linkSwap.enabled | ternary "link-swap" "") "worker" "backfill" (.Values.operator.enabled | ternary "operator" "") (.Values.console.enabled | ternary "console" "") -}}
{{- printf "[%s]" (compact $all | join ", ") }}
{{- end -}}

{{- define "salesloft-webhooks.checkMonitoring" -}}
{{- $monitoring := .Values.monitoring -}}
{{- if and $monitoring.podMonitor.enabled $monitoring.serviceMonitor.enabled }}
  {{- fail "monitoring.podMonitor.enabled and monitoring.serviceMonitor.enabled exclude each other: every pod would be scraped, and counted, twice" }}
{{- end }}
{{- $rules := "" -}}
{{- range $file, $_ := .Files.Glob "rules/*.yaml" }}{{ $rules = print $rules ($.Files.Get $file) }}{{ end -}}
{{- range $name, $_ := $monitoring.prometheusRule.alerts }}
  {{- if not (contains (printf "alert: %s\n" $name) $rules) }}
    {{- fail (printf "monitoring.prometheusRule.alerts.%s: there is no such alert; docs/runbooks has a page for each" $name) }}
  {{- end }}
{{- end }}
{{- end -}}
