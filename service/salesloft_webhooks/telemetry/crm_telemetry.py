"""What is reported about the quota of a CRM's API, which all of an organisation's integrations share."""

from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.metrics import WORKER, gauge

CRM_QUOTA_USED = gauge(
    WORKER,
    "crm_quota_used_ratio",
    "Share of the CRM's daily quota of requests that is used, by its latest answer; all integrations use it up.",
    "crm",
)


class CrmQuota:
    """Reports how much of a daily quota is used, and warns once each time it comes to a share.

    Args:
        crm: The CRM's name, as the setting `backend` has it.
        warning: The share, above 0 and at most 1.
    """

    def __init__(self, crm: str, warning: float) -> None:
        self._log = get_logger("crm")
        self._crm = crm
        self._warning = warning
        self._warned = False

    def used(self, requests: int, quota: int) -> None:
        """So many of the quota's requests are used."""
        share = requests / quota if quota > 0 else 1.0
        CRM_QUOTA_USED.labels(self._crm).set(share)
        if share >= self._warning and not self._warned:
            self._log.warning("crm.quota", used=requests, quota=quota)
        self._warned = share >= self._warning
