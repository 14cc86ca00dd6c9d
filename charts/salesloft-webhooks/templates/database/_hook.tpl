{{/*
When migrations run, as annotations: list root "weight". Before an upgrade, so that new workers find new tables. After the
first install, and after every upgrade when the URL comes from a vault, because the Secret with it is then the release's
own and may only now have come into being; until then the workers' groups pause, and no attempt is counted. Argo CD has
no such phases: there it runs beside the rest.
*/}}
{{- define "salesloft-webhooks.migrationsHook" -}}
{{- $upgrade := eq (include "salesloft-webhooks.isExternal" (list (index . 0) "database-url")) "true" | ternary "post-upgrade" "pre-upgrade" -}}
{{- dict
  "helm.sh/hook" (printf "post-install,%s" $upgrade)
  "helm.sh/hook-weight" (index . 1)
  "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded"
  "argocd.argoproj.io/hook" "Sync"
  "argocd.argoproj.io/sync-wave" (index . 1)
  "argocd.argoproj.io/hook-delete-policy" "BeforeHookCreation" | toJson }}
{{- end }}
