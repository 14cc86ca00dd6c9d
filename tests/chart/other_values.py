"""For each value of the chart another one, by which a test sees what it changes."""

from typing import Any

import yaml

from tests.chart.declared import SPEC
from tests.chart.rendering import CHART, Values

VALUES: Values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))

OTHER: dict[str, Any] = {
    "alerts.periodSeconds": 60,
    "backfill.config": {"LOG_LEVEL": "debug"},
    "backfill.resources": {"limits": {"memory": "1Gi"}},
    "config": {"LOG_LEVEL": "debug"},
    "database.url": "postgresql+asyncpg://other/d",
    "externalSecret.data": {"webhook-secret": {"key": "other"}},
    "externalSecret.refreshInterval": "2h",
    "externalSecret.secretStoreRef.kind": "SecretStore",
    "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop-other"}}],
    "image.digest": "sha256:" + "1" * 64,
    "image.pullPolicy": "Always",
    "imagePullSecrets": [{"name": "other"}],
    "linkSwap.handler": "other:swap",
    "linkSwap.concurrency": 9,
    "linkSwap.onFailure": "error",
    "linkSwap.timeoutSeconds": 1,
    "linkSwap.image.digest": "sha256:" + "1" * 64,
    "linkSwap.path": "/other",
    "linkSwap.receiver": {"replicas": 9},
    "linkSwap.url": "https://other.example.com/",
    "monitoring.podMonitor.interval": "99s",
    "monitoring.serviceMonitor.interval": "99s",
    "monitoring.prometheusRule.alertLabels": {"team": "other"},
    "monitoring.prometheusRule.alerts": {"SalesloftWebhooksPoison": {"for": "1h"}},
    "monitoring.runbookBaseUrl": "https://wiki.example.com/runbooks/",
    "console.auth": "token",
    "console.config": {"LOG_LEVEL": "debug"},
    "console.grafanaUrl": "https://other.example.com/d/salesloft?var-release=shop",
    "console.httpRoute.parentRefs": [{"name": "other"}],
    "console.resources": {"limits": {"memory": "1Gi"}},
    "console.url": "https://other.example.com",
    "console.proxy.jwksUrl": "https://other.example.com/keys",
    "consumerGroups": [{"name": "other", "spec": {"paused": True}}],
    "operator.config": {"LOG_LEVEL": "debug"},
    "operator.replicas": 3,
    "operator.resources": {"limits": {"memory": "1Gi"}},
    "openshift.adaptSecurityContext": "force",
    "receiver.autoscaling.behavior": {"scaleUp": {"stabilizationWindowSeconds": 1}},
    "receiver.httpRoute.parentRefs": [{"name": "other"}],
    "receiver.resources": {"limits": {"memory": "1Gi"}},
    "receiver.service.externalTrafficPolicy": "Local",
    "receiver.service.ipFamilies": ["IPv6"],
    "receiver.service.ipFamilyPolicy": "PreferDualStack",
    "receiver.service.type": "NodePort",
    "redis.durability": "memory",
    "redis.historyMaxBytes": 2**29,
    "redis.partitions": 2,
    "redis.storeMaxBytes": 2**30,
    "redis.url": "redis://other:6379/0",
    "salesloftApi.url": "https://other.example.com/v2",
    "source.path": "/other",
    "sourcesFile.paths": ["/other"],
    "subscriptions": [{"name": "other", "spec": SPEC}],
    "test.group": "crm",
    "tracing.endpoint": "http://other:4317",
    "tracing.protocol": "http/protobuf",
    "tracing.sampleRatio": 0.5,
    "valkey.image.pullPolicy": "Always",
    "valkey.image.digest": "sha256:" + "1" * 64,
    "valkey.maxMemory": "64mb",
    "valkey.persistence.accessModes": ["ReadWriteMany"],
    "valkey.persistence.whenDeleted": "Delete",
    "valkey.replicas": 0,
    "valkey.resources": {"limits": {"memory": "1Gi"}},
    "workers": {"notify": {"concurrency": 3}},
    "workerDefaults.autoscaling.behavior": {"scaleUp": {"stabilizationWindowSeconds": 1}},
    "workerDefaults.autoscaling.keda.serverAddress": "http://other:9090",
    "workerDefaults.autoscaling.type": "hpa",
    "workerDefaults.config": {"LOG_LEVEL": "debug"},
    "workerDefaults.handlers": ["other.handlers:router"],
    "workerDefaults.image.digest": "sha256:" + "1" * 64,
    "workerDefaults.concurrency": 9,
    "workerDefaults.ordering": "entity",
    "workerDefaults.where": "data.id exists",
    "workerDefaults.resources": {"limits": {"memory": "1Gi"}},
}
"""Another value where one cannot be guessed from the type."""

BY_NAME: dict[str, Any] = {
    "dnsConfig": {"options": [{"name": "ndots"}]},
    "dnsPolicy": "Default",
    "extraTriggers": [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "80"}}],
    "fallback": {"failureThreshold": 5},
    "hostUsers": False,
    "idleReplicas": 0,
    "lifecycle": {"postStart": {"sleep": {"seconds": 1}}},
    "strategy": {"type": "Recreate"},
    "minAvailable": 1,
    "nodePort": 30080,
    "probes": {"liveness": {"timeoutSeconds": 9}},
    "revisionHistoryLimit": 3,
    "scrapeTimeout": "9s",
    "sessionAffinity": "ClientIP",
    "targetMemoryUtilizationPercentage": 80,
    "trafficDistribution": "PreferClose",
}
"""The same for values of several components."""

GUESSED_LISTS: dict[str, Any] = {
    "extraEnv": {"name": "OTHER", "value": "1"},
    "apiUrls": "https://other.example.com/v2",
    "secretNames": "other",
    "managedSecretNames": "other",
    "ports": 1,
    "hosts": "other.example.com",
    "allowedHosts": "other.example.com",
    "hostnames": "other.example.com",
    "events": "person.*",
    "to": {"ipBlock": {"cidr": "10.8.0.0/16"}},
    "extraEgress": {"ports": [{"port": 1}]},
    "extraEnvFrom": {"secretRef": {"name": "other"}},
    "extraIngress": {"ports": [{"port": 1}]},
    "hostAliases": {"ip": "10.8.0.1"},
    "externalIPs": "10.8.0.1",
    "loadBalancerSourceRanges": "10.8.0.0/16",
    "nodeLocal": "10.8.0.10/32",
    "console": {"ipBlock": {"cidr": "10.8.0.0/16"}},
    "gateway": {"ipBlock": {"cidr": "10.8.0.0/16"}},
    "prometheus": {"ipBlock": {"cidr": "10.8.0.0/16"}},
}


def other(path: str) -> Any:
    """A value that differs from the default."""
    name = path.rpartition(".")[2]
    if path in OTHER or name in BY_NAME:
        return OTHER.get(path, BY_NAME.get(name))
    default: Any = VALUES
    for part in path.split("."):
        default = default[part]
    if isinstance(default, bool):
        return not default
    if isinstance(default, int | float):
        return default + 1
    if isinstance(default, str):
        return "9Gi" if name == "size" else "other"
    if isinstance(default, list):
        return [GUESSED_LISTS.get(name, {"name": "other"})]
    return {**default, "other": "value"} if name != "resources" else {"limits": {"memory": "1Gi"}}
