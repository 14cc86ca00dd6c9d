"""Names and shapes that Salesforce publishes of what we ask, written down from its pages; no text of theirs.

Salesforce's OpenAPI document (beta) is made by each organisation for itself, behind its login, and is in no public
repository of Salesforce's. So these are taken from the pages of the REST API Developer Guide named below (versions
67.0 and 68.0), from the Field Reference and Object Reference, and where a page shows no names from the types of jsforce
(MIT; ``src/types/common.ts`` at 059e7485, ``oauth2.TokenResponse``) and from the requests in
forcedotcom/postman-salesforce-apis (``composite/composite_rest.json`` at 4b92570d).
"""

from typing import Any

SHAPES: dict[str, dict[str, Any]] = {
    # Name -> may it be left out; what stands in it: a shape's name, a list of one, or a type.
    # "Create/Update/Upsert Records Using sObject Collections": allOrNone and records with attributes.type
    "collection": {"allOrNone?": bool, "records": ["record"]},
    "record": {"attributes": "attributes", "id?": str, "*": Any},
    "attributes": {"type": str, "url?": str},
    # the same pages: SaveResult and UpsertResult, in the order of the records
    "results": ["result"],  # type: ignore[dict-item]  # a list at the top
    "result": {"id?": str, "success": bool, "errors": ["save_error"], "created?": bool},
    "save_error": {"statusCode": str, "message": str, "fields": [str]},
    # "Composite Request Body", "Composite Subrequest"; "Composite Response Body", "Composite Subrequest Result"
    "composite": {"allOrNone?": bool, "collateSubrequests?": bool, "compositeRequest": ["subrequest"]},
    "subrequest": {"method": str, "url": str, "referenceId": str, "body?": Any, "httpHeaders?": dict},
    "composite_response": {"compositeResponse": ["subresult"]},
    "subresult": {"body": Any, "httpHeaders": dict, "httpStatusCode": int, "referenceId": str},
    # "Query" and "QueryAll"
    "page": {"totalSize": int, "done": bool, "nextRecordsUrl?": str, "records": ["record"]},
    # "Status Codes and Error Responses"
    "errors": ["error"],  # type: ignore[dict-item]  # a list at the top
    "error": {"message": str, "errorCode": str, "fields?": [str]},
    # jsforce's TokenResponse
    "token": {
        "access_token": str,
        "instance_url": str,
        "token_type": str,
        "id?": str,
        "issued_at?": str,
        "signature?": str,
        "scope?": str,
        "api_instance_url?": str,
    },
    # "sObject Describe"; the fields by jsforce's DescribeSObjectResult and Field
    "described": {"name": str, "fields": ["field"], "*": Any},
    "field": {
        "name": str,
        "type": str,
        "updateable": bool,
        "createable": bool,
        "externalId": bool,
        "unique": bool,
        "picklistValues": [dict],
        "*": Any,
    },
}

REQUESTS = (
    # method, address below the version, the body's shape, the shapes of a good answer and of a refusal
    ("POST", r"/composite", "composite", "composite_response"),
    ("POST", r"/composite/sobjects", "collection", "results"),
    ("PATCH", r"/composite/sobjects", "collection", "results"),
    ("PATCH", r"/composite/sobjects/\w+/\w+", "collection", "results"),
    ("GET", r"/query(All)?\?q=[^+ ]+", None, "page"),
    ("GET", r"/query/\w+-\d+", None, "page"),
    ("GET", r"/sobjects/\w+/describe", None, "described"),
)

RECORDS, SUBREQUESTS, QUERIES_AND_COLLECTIONS, RUNS = 200, 25, 5, 10
"""Of one collection; of one Composite request; of these at most; runs of one type in a collection."""

FIELDS: dict[str, dict[str, tuple[str, int | None]]] = {
    # Field Reference: Contact, Lead, Task, Event, User: type, and the length of a text
    "Contact": {
        "Email": ("email", 80),
        "FirstName": ("string", 40),
        "LastName": ("string", 80),
        "OwnerId": ("reference", 18),
    },
    "Lead": {"Company": ("string", 255), "Email": ("email", 80), "LastName": ("string", 80)},
    "Task": {
        "ActivityDate": ("date", None),
        "CallDisposition": ("string", 255),
        "CallDurationInSeconds": ("int", None),
        "CallType": ("picklist", 40),
        "Description": ("textarea", 32_000),
        "OwnerId": ("reference", 18),
        "Status": ("picklist", 40),
        "Subject": ("combobox", 255),
        "TaskSubtype": ("picklist", 40),
        "WhoId": ("reference", 18),
    },
    "Event": {
        "Description": ("textarea", 32_000),
        "EndDateTime": ("datetime", None),
        "Location": ("string", 255),
        "OwnerId": ("reference", 18),
        "StartDateTime": ("datetime", None),
        "Subject": ("combobox", 255),
        "WhoId": ("reference", 18),
    },
}


def misfits(value: Any, shape: Any, where: str = "") -> list[str]:
    """Where a value is not of a shape."""
    if isinstance(shape, str):
        return misfits(value, SHAPES[shape], where or shape)
    if isinstance(shape, list):
        items = value if isinstance(value, list) else []
        found = [] if isinstance(value, list) else [f"{where}: no list"]
        return found + [each for item in items for each in misfits(item, shape[0], f"{where}[]")]
    if isinstance(shape, dict) and isinstance(value, dict):
        return _misfits_of_object(value, shape, where)
    wanted = dict if isinstance(shape, dict) else shape
    fits = wanted is Any or (isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool)))
    return [] if fits else [f"{where}: no {wanted.__name__}"]


def _misfits_of_object(value: dict[str, Any], shape: dict[str, Any], where: str) -> list[str]:
    names = {name.rstrip("?"): inner for name, inner in shape.items() if name != "*"}
    missing = {name for name in shape if name != "*" and not name.endswith("?")} - value.keys()
    unknown = set() if "*" in shape else value.keys() - names.keys()
    found = [f"{where}: {name} is missing" for name in sorted(missing)]
    found += [f"{where}: {name} is unknown" for name in sorted(unknown)]
    return found + [
        each for name in value.keys() & names.keys() for each in misfits(value[name], names[name], f"{where}.{name}")
    ]
