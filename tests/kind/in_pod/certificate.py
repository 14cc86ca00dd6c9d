"""Print the certificate, in PEM, that an address serves for a name: arguments are address and name."""

import socket
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with (
    socket.create_connection((sys.argv[1], 443), timeout=10) as connection,
    context.wrap_socket(connection, server_hostname=sys.argv[2]) as served,
):
    print(ssl.DER_cert_to_PEM_cert(served.getpeercert(binary_form=True) or b""))
