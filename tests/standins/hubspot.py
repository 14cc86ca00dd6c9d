"""HubSpot's contacts batch upsert, as its API reference describes it."""

from dataclasses import dataclass, field
from typing import Any

from tests.standins.http import Answer, Request, StandIn

TOKEN = "pat-na1-invented"
RATE_LIMITED = Answer(
    429,
    {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "c033cdaa-2c40-4a64-ae48-b4cec88dad24",
        "policyName": "TEN_SECONDLY_ROLLING",
    },
    {"Retry-After": "2"},
)
DAILY_LIMIT = Answer(429, {"status": "error", "errorType": "RATE_LIMIT", "policyName": "DAILY"})


@dataclass
class HubSpot(StandIn):
    """Keeps contacts by address. Refuses addresses without an @ as HubSpot does."""

    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.respond = self._upsert

    def _upsert(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"status": "error", "category": "INVALID_AUTHENTICATION"})
        if (request.method, request.path) != ("POST", "/crm/v3/objects/contacts/batch/upsert"):
            return Answer(404, {"status": "error"})
        inputs = request.json["inputs"]
        if len(inputs) > 100 or len({each["id"] for each in inputs}) < len(inputs):
            return Answer(400, {"status": "error", "category": "VALIDATION_ERROR", "message": "Duplicate IDs found"})
        good = [each for each in inputs if "@" in each["id"]]
        for each in good:
            self.contacts.setdefault(each["id"], {}).update(each["properties"])
        results = [
            {"id": "1", "properties": each["properties"], "objectWriteTraceId": each["objectWriteTraceId"]}
            for each in good
        ]
        if len(good) == len(inputs):
            return Answer(200, {"status": "COMPLETE", "results": results})
        errors = [
            {
                "status": "error",
                "category": "VALIDATION_ERROR",
                "message": f"Property values were not valid: {each['id']}",
                "context": {"objectWriteTraceId": [each["objectWriteTraceId"]]},
            }
            for each in inputs
            if each not in good
        ]
        return Answer(207, {"status": "COMPLETE", "results": results, "numErrors": len(errors), "errors": errors})
