"""Deliveries come over TLS: through an Ingress and through a Gateway, with certificates from cert-manager."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509

from tests.kind.cluster import (
    NAMESPACE,
    OUTSIDE,
    RELEASE,
    Release,
    apply,
    entries,
    kubectl,
    objects,
    wait_until_handled,
)
from tests.kind.outsider import Sender, Stranger, script
from tests.support.waiting import wait_until

pytestmark = pytest.mark.neighbour("cert-manager")
INGRESS, GATEWAY = "hooks.example.com", "gateway.example.com"
ISSUER = {"cert-manager.io/cluster-issuer": "authority"}
THROUGH_BOTH = {
    "receiver": {
        "ingress": {"enabled": True, "className": "traefik", "hosts": [INGRESS], "annotations": ISSUER},
        "httpRoute": {
            "enabled": True,
            "hostnames": [GATEWAY],
            "parentRefs": [{"name": "public", "namespace": OUTSIDE, "sectionName": "https"}],
        },
    },
    "networkPolicy": {"gateway": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "traefik"}}}]},
}


def _issuer(name: str, how: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": name}, "spec": how}


def _certificate_of_the_authority() -> dict[str, Any]:
    spec = {
        "isCA": True,
        "commonName": "tests",
        "secretName": "authority",
        "privateKey": {"algorithm": "ECDSA"},
        "issuerRef": {"name": "self-signed", "kind": "ClusterIssuer"},
    }
    return {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "authority"}, "spec": spec}


def _gateway() -> dict[str, Any]:
    listener = {
        "name": "https",
        "protocol": "HTTPS",
        "port": 8443,
        "hostname": GATEWAY,
        "tls": {"certificateRefs": [{"name": "gateway"}]},
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "public", "annotations": ISSUER},
        "spec": {"gatewayClassName": "traefik", "listeners": [listener]},
    }


@pytest.fixture(scope="module")
def authority() -> Iterator[str]:
    """The release behind both, and the certificate, in PEM, of the authority that both are certified by."""
    apply(_issuer("self-signed", {"selfSigned": {}}), namespace="cert-manager")
    apply(_certificate_of_the_authority(), namespace="cert-manager")
    apply(_issuer("authority", {"ca": {"secretName": "authority"}}), namespace="cert-manager")
    kubectl("wait", "certificate/authority", "--for=condition=Ready", "--timeout=60s", namespace="cert-manager")
    apply(_gateway(), namespace=OUTSIDE)
    release = Release()
    release.install(THROUGH_BOTH)
    yield held("authority", "cert-manager")
    release.uninstall()
    kubectl("delete", "gateway", "public", namespace=OUTSIDE)
    kubectl("delete", "secret,persistentvolumeclaim", "--all")


BOTH = pytest.mark.parametrize(
    ("host", "certificate", "namespace"),
    [
        pytest.param(INGRESS, f"{RELEASE}-tls", NAMESPACE, id="ingress"),
        pytest.param(GATEWAY, "gateway", OUTSIDE, id="gateway"),
    ],
)


@BOTH
def test_certificates_are_issued_and_renewed(authority: str, host: str, certificate: str, namespace: str) -> None:
    """cert-manager makes what the chart's Ingress and the Gateway ask for, by the authority, and makes it anew."""
    wait_until(lambda: ready(certificate, namespace), seconds=60, description="cert-manager has issued it")
    first = held(certificate, namespace)

    renew(certificate, namespace)

    wait_until(lambda: held(certificate, namespace) != first, seconds=60, description="there is another")
    for text in (first, held(certificate, namespace)):
        found = x509.load_pem_x509_certificate(text.encode())
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == [host]


@pytest.mark.neighbour("traefik")
@BOTH
def test_none_is_refused_while_certificates_are_renewed(
    authority: str, host: str, certificate: str, namespace: str
) -> None:
    """Deliveries that trust the authority only are taken, also while their certificate is replaced: none is refused."""
    before = entries()
    with Stranger(OUTSIDE):
        wait_until(lambda: served(host) != "", seconds=60, description="Traefik serves the certificate")
        first = served(host)

        with Sender(rate=20, host=host, address=address(), authority=authority) as sender:
            renew(certificate, namespace)
            wait_until(lambda: served(host) not in {first, ""}, seconds=60, description="Traefik serves the next one")

    assert sender.result["failed"] == {}
    assert entries() - before == sender.result["sent"]
    wait_until_handled()


def address() -> str:
    """Where Traefik listens."""
    (service,) = objects("services", "--field-selector=metadata.name=traefik", namespace="traefik")
    return str(service["spec"]["clusterIP"])


def served(host: str) -> str:
    """The certificate that Traefik serves for a host; nothing while it does not answer."""
    command = script("certificate", address(), host)
    return kubectl("exec", "stranger", "--", *command, namespace=OUTSIDE, check=False).strip()


def renew(certificate: str, namespace: str) -> None:
    """Have it issued again, as `cmctl renew` does."""
    issuing = (
        '{"type":"Issuing","status":"True","reason":"ManuallyTriggered","lastTransitionTime":"2026-01-01T00:00:00Z"}'
    )
    change = f'[{{"op":"add","path":"/status/conditions/-","value":{issuing}}}]'
    how = ("--subresource=status", "--type=json", f"--patch={change}")
    kubectl("patch", "certificate", certificate, *how, namespace=namespace)


def ready(certificate: str, namespace: str) -> bool:
    """Whether cert-manager calls it ready."""
    found = objects("certificates", f"--field-selector=metadata.name={certificate}", namespace=namespace)
    conditions = [c for item in found for c in item.get("status", {}).get("conditions", [])]
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def held(secret: str, namespace: str) -> str:
    """The certificate in a Secret, in PEM."""
    (found,) = objects("secrets", f"--field-selector=metadata.name={secret}", namespace=namespace)
    return base64.b64decode(found["data"]["tls.crt"]).decode()
