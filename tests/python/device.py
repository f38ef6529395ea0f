"""One device: its key, its certificate, its channel."""

import os
import pathlib
import uuid

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Longest deadline that the contract names, in seconds.
DEADLINE_SECONDS = 5


def new_id() -> str:
    """A request id. A real device stores it before it sends, so that a retry after a crash carries it too."""
    return str(uuid.uuid4())


def new_key_and_request() -> tuple[bytes, str]:
    """A P-256 key that never leaves the device, and a PKCS#10 request signed with it, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    # The register names the device; what a request calls itself is not read.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, request.public_bytes(serialization.Encoding.PEM).decode()


class Device:
    """A device of the register, seen from the device."""

    def __init__(self, contract, address: str, authority: bytes, options, key: bytes, certificate: bytes):
        self.key, self.certificate = key, certificate
        credentials = grpc.ssl_channel_credentials(authority, key, certificate)
        self.channel = grpc.secure_channel(address, credentials, options)
        self.patrons = contract.patron_service_grpc.PatronServiceStub(self.channel)
        self.loans = contract.loan_service_grpc.LoanServiceStub(self.channel)
        self.holds = contract.hold_service_grpc.HoldServiceStub(self.channel)
        self.access = contract.access_service_grpc.AccessServiceStub(self.channel)
        self.devices = contract.device_service_grpc.DeviceServiceStub(self.channel)

    def keep(self, folder: pathlib.Path, name: str) -> None:
        """Writes key and certificate for the next run."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for suffix, content in ((".key", self.key), (".pem", self.certificate)):
            descriptor = os.open(folder / (name + suffix), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)


def enrol(contract, address: str, authority: bytes, options, code: str) -> tuple[bytes, bytes, str]:
    """Turns a one-time code into a certificate. Gives key, certificate and the device's name."""
    key, request = new_key_and_request()
    credentials = grpc.ssl_channel_credentials(authority)
    with grpc.secure_channel(address, credentials, options) as channel:
        stub = contract.enrolment_service_grpc.EnrolmentServiceStub(channel)
        reply = stub.EnrolDevice(
            contract.enrolment_service.EnrolDeviceRequest(
                enrolment_code=code, certificate_request_pem=request
            ),
            timeout=DEADLINE_SECONDS,
        )
    return key, reply.certificate_pem.encode(), reply.device_name
