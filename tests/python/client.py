#!/usr/bin/env python3
"""A kiosk and a door that are not ours: a client made from the .proto files alone.

It enrols both devices with their one-time codes, authenticates a patron, lends and returns an item, picks
up a hold and asks the door, and looks at every answer as a careful device would. It prints what it did and
ends with 1 at the first surprise.

    pip install -r tests/python/requirements.txt
    python3 tests/python/client.py --authority authority.pem --kiosk-code CODE --door-code CODE \\
        --card CARD --pin PIN --item BARCODE
"""

import argparse
import pathlib
import sys
import time

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from device import DEADLINE_SECONDS, Device, enrol, new_id, new_key_and_request
from stubs import generate

# How far the clocks of register and door may be apart, in seconds.
CLOCK_SECONDS_MAX = 5


class Surprise(Exception):
    """The register did not do what the contract says."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--devices", default="localhost:7443", help="the endpoint of devices")
    parser.add_argument("--enrolment", default="localhost:7444", help="the endpoint of enrolment")
    parser.add_argument("--server-name", help="the name in the server's certificate, where it is not the address's")
    parser.add_argument("--authority", type=pathlib.Path, required=True, help="PEM of who signed that certificate")
    parser.add_argument("--proto", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "proto")
    parser.add_argument("--kiosk-code", help="one-time code of a device of kind self-checkout")
    parser.add_argument("--door-code", help="one-time code of a device of kind door")
    parser.add_argument("--kept", type=pathlib.Path, help="folder that keeps keys and certificates; then no codes")
    parser.add_argument("--card", required=True, help="a card whose patron has a hold at the kiosk's branch")
    parser.add_argument("--pin", required=True)
    parser.add_argument("--item", required=True, help="barcode of an item that may be lent to that patron")
    parser.add_argument("--held-item", help="barcode of an item that the patron's hold waits for; it is returned first")
    parser.add_argument("--door-card", help="the card shown at the door, where it is another")
    parser.add_argument("--door-pin", help="the PIN typed at the door, where it asks for one")
    parser.add_argument("--resource", help="what the door asks about; without it, the first that it may")
    parser.add_argument("--door-says", choices=["GRANTED", "DENIED"], default="GRANTED")
    parser.add_argument("--renew", action="store_true", help="let the kiosk renew its certificate at the end")
    return parser.parse_args()


class Play:
    """The devices, and what is expected of the register."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.contract = generate(args.proto)
        self.authority = args.authority.read_bytes()
        self.options = [("grpc.ssl_target_name_override", args.server_name)] if args.server_name else []
        self.kiosk = self.device("kiosk", args.kiosk_code)
        self.door = self.device("door", args.door_code)

    def run(self) -> None:
        self.who_am_i(self.kiosk, "DEVICE_KIND_SELF_CHECKOUT")
        self.who_am_i(self.door, "DEVICE_KIND_DOOR")
        self.unknown_card()
        token = self.authenticate()
        self.check_out(token)
        if self.args.held_item:
            self.return_item(self.args.held_item, "ITEM_ROUTING_HOLD_SHELF")
        self.pick_up(token)
        closed = self.return_item(self.args.item)
        expect(bool(closed), True, "a return that closes the loan")
        self.ask_door()
        self.overstep()
        self.end_session(token)
        if self.args.renew:
            self.renew()

    # Devices

    def device(self, name: str, code: str | None) -> Device:
        kept = self.args.kept
        if code:
            key, certificate, registered = enrol(
                self.contract, self.args.enrolment, self.authority, self.options, code
            )
            say(f"{name}: enrolled as {registered!r}")
        elif kept and (kept / f"{name}.key").exists():
            key, certificate = (kept / f"{name}.key").read_bytes(), (kept / f"{name}.pem").read_bytes()
            say(f"{name}: certificate of an earlier run")
        else:
            raise SystemExit(f"give --{name}-code, or a --kept folder of an earlier run")
        made = self.connect(key, certificate)
        if code:
            # The code is used up, so a certificate that is not kept can only be replaced by the operator.
            try:
                enrol(self.contract, self.args.enrolment, self.authority, self.options, code)
            except grpc.RpcError as error:
                expect_error(error, grpc.StatusCode.PERMISSION_DENIED, "ENROLMENT_REFUSED")
            else:
                raise Surprise("a code worked twice")
            if kept:
                made.keep(kept, name)
        return made

    def connect(self, key: bytes, certificate: bytes) -> Device:
        return Device(self.contract, self.args.devices, self.authority, self.options, key, certificate)

    def who_am_i(self, device: Device, kind: str) -> None:
        c = self.contract.device_service
        reply = device.devices.GetDevice(c.GetDeviceRequest(), timeout=DEADLINE_SECONDS)
        expect(c.DeviceKind.Name(reply.kind), kind, "kind")
        apart = abs(reply.server_time.seconds - time.time())
        if apart > CLOCK_SECONDS_MAX:
            say(f"warning: the clocks are {apart:.0f} s apart; mend the device's")
        device.resources = list(reply.resources)
        say(f"{reply.device_name}: {kind} at {reply.branch_name}; may call {', '.join(reply.allowed_rpcs)}")

    def renew(self) -> None:
        c = self.contract.device_service
        key, request = new_key_and_request()
        ask = c.RenewCertificateRequest(request_id=new_id(), certificate_request_pem=request)
        reply = self.kiosk.devices.RenewCertificate(ask, timeout=DEADLINE_SECONDS)
        again = self.kiosk.devices.RenewCertificate(ask, timeout=DEADLINE_SECONDS)
        expect(again.certificate_pem, reply.certificate_pem, "the certificate of a replay")
        old, self.kiosk = self.kiosk, self.connect(key, reply.certificate_pem.encode())
        # From now on the old certificate, which was good until here, belongs to nobody.
        self.who_am_i(self.kiosk, "DEVICE_KIND_SELF_CHECKOUT")
        try:
            old.devices.GetDevice(c.GetDeviceRequest(), timeout=DEADLINE_SECONDS)
        except grpc.RpcError as error:
            expect_error(error, grpc.StatusCode.UNAUTHENTICATED, "DEVICE_UNKNOWN")
        else:
            raise Surprise("the old certificate still works")
        if self.args.kept:
            self.kiosk.keep(self.args.kept, "kiosk")
        say("kiosk: has a new certificate; the old one is dropped")

    # A patron at the kiosk

    def unknown_card(self) -> None:
        c = self.contract.patron_service
        reply = self.kiosk.patrons.AuthenticatePatron(
            c.AuthenticatePatronRequest(attempt_id=new_id(), card_number="NO-SUCH-CARD", pin="0000"),
            timeout=DEADLINE_SECONDS,
        )
        self.expect_denied(reply, "REFUSAL_REASON_CREDENTIALS_NOT_ACCEPTED")
        say(f"unknown card: {reply.refusals[0].text!r}")

    def authenticate(self) -> str:
        c = self.contract.patron_service
        ask = c.AuthenticatePatronRequest(attempt_id=new_id(), card_number=self.args.card, pin=self.args.pin)
        reply = self.kiosk.patrons.AuthenticatePatron(ask, timeout=DEADLINE_SECONDS)
        self.expect_granted(reply)
        expect(len(reply.patron_token), 43, "the length of the token")
        again = self.kiosk.patrons.AuthenticatePatron(ask, timeout=DEADLINE_SECONDS)
        expect(again.patron_token, reply.patron_token, "the token of a replay")
        say(
            f"hello, {reply.display_name}: {reply.loan_count} loans, {reply.ready_hold_count} holds ready, "
            f"{reply.balance.minor_units / 100:.2f} {reply.balance.currency_code} to pay"
        )
        return reply.patron_token

    def check_out(self, token: str) -> None:
        c = self.contract.loan_service
        ask = c.CheckoutRequest(request_id=new_id(), patron_token=token, item_barcode=self.args.item)
        reply = self.kiosk.loans.Checkout(ask, timeout=DEADLINE_SECONDS)
        self.expect_granted(reply)
        expect(reply.loan.item_barcode, self.args.item, "the item")
        expect(self.kiosk.loans.Checkout(ask, timeout=DEADLINE_SECONDS), reply, "the answer to a replay")
        other = c.CheckoutRequest(request_id=ask.request_id, patron_token=token, item_barcode="ANOTHER-ITEM")
        try:
            self.kiosk.loans.Checkout(other, timeout=DEADLINE_SECONDS)
        except grpc.RpcError as error:
            expect_error(error, grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
        else:
            raise Surprise("one request id stood for two requests")
        say(f"lent until {reply.loan.due_date}: {reply.loan.item_label}; the replay gave the same loan")

    def pick_up(self, token: str) -> None:
        c = self.contract.hold_service
        listed = self.kiosk.holds.ListHolds(c.ListHoldsRequest(patron_token=token), timeout=DEADLINE_SECONDS)
        self.expect_granted(listed)
        if not listed.ready:
            raise Surprise("the patron has no hold that is ready; choose another --card, or give --held-item")
        hold = listed.ready[0]
        ask = c.PickUpHoldRequest(request_id=new_id(), patron_token=token, hold_id=hold.hold_id)
        reply = self.kiosk.holds.PickUpHold(ask, timeout=DEADLINE_SECONDS)
        self.expect_granted(reply)
        expect(self.kiosk.holds.PickUpHold(ask, timeout=DEADLINE_SECONDS), reply, "the answer to a replay")
        say(f"picked up from place {hold.pickup_number}: {reply.loan.item_label}, until {reply.loan.due_date}")

    def return_item(self, barcode: str, routing: str | None = None) -> str:
        c = self.contract.loan_service
        ask = c.ReturnRequest(request_id=new_id(), item_barcode=barcode)
        reply = self.kiosk.loans.Return(ask, timeout=DEADLINE_SECONDS)
        self.expect_granted(reply)
        goes = c.ItemRouting.Name(reply.routing)
        say(f"returned: {reply.item_label}; {goes} {reply.destination_branch or reply.pickup_number}".rstrip())
        if routing:
            expect(goes, routing, "where the item goes")
        return reply.closed_loan_id

    def end_session(self, token: str) -> None:
        c = self.contract.patron_service
        ask = c.EndPatronSessionRequest(request_id=new_id(), patron_token=token)
        self.kiosk.patrons.EndPatronSession(ask, timeout=DEADLINE_SECONDS)
        reply = self.kiosk.loans.Checkout(
            self.contract.loan_service.CheckoutRequest(
                request_id=new_id(), patron_token=token, item_barcode=self.args.item
            ),
            timeout=DEADLINE_SECONDS,
        )
        self.expect_denied(reply, "REFUSAL_REASON_SESSION_ENDED")
        say("session ended; its token is worthless")

    # The door

    def ask_door(self) -> None:
        c = self.contract.access_service
        resource = self.args.resource or next(iter(self.door.resources), None)
        if resource is None:
            raise Surprise("the door's branch has no door")
        ask = c.CheckAccessRequest(
            card_number=self.args.door_card or self.args.card, resource=resource, nonce=new_id()
        )
        if self.args.door_pin:
            ask.pin = self.args.door_pin
        reply = self.door.access.CheckAccess(ask, timeout=DEADLINE_SECONDS)
        verdict = self.contract.refusal.Verdict.Name(reply.verdict)
        say(f"door {resource!r}: {verdict}, {reply.screen_text!r} {self.reasons(reply)} decision {reply.decision_id}")
        expect(verdict, f"VERDICT_{self.args.door_says}", "what the door says")
        if verdict == "VERDICT_GRANTED":
            # What stands between an answer and an open door.
            expect(reply.nonce, ask.nonce, "the nonce")
            expect(0 < reply.valid_for.ToMilliseconds() <= 5000, True, "an answer that holds at most 5 s")

    def overstep(self) -> None:
        c = self.contract.access_service
        ask = c.CheckAccessRequest(card_number=self.args.card, resource="main-door", nonce=new_id())
        try:
            self.kiosk.access.CheckAccess(ask, timeout=DEADLINE_SECONDS)
        except grpc.RpcError as error:
            expect_error(error, grpc.StatusCode.PERMISSION_DENIED, "RPC_FORBIDDEN")
        else:
            raise Surprise("a kiosk may ask about doors")
        say("a kiosk that asks about a door is refused")

    # What every verdict has in common

    def reasons(self, reply) -> list[str]:
        return [self.contract.refusal.RefusalReason.Name(refusal.reason) for refusal in reply.refusals]

    def expect_granted(self, reply) -> None:
        if reply.verdict != self.contract.refusal.VERDICT_GRANTED:
            raise Surprise(f"{type(reply).__name__}: refused for {self.reasons(reply)}")

    def expect_denied(self, reply, reason: str) -> None:
        expect(reply.verdict, self.contract.refusal.VERDICT_DENIED, "the verdict")
        expect(self.reasons(reply), [reason], "the reasons")


def say(text: str) -> None:
    print(text, flush=True)


def expect(got, wanted, what: str) -> None:
    if got != wanted:
        raise Surprise(f"{what}: {got!r} instead of {wanted!r}")


def error_info(error: grpc.RpcError) -> error_details_pb2.ErrorInfo:
    """The one ErrorInfo that every error of the register carries."""
    status = rpc_status.from_call(error)
    found = []
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            found.append(info)
    if len(found) != 1:
        raise Surprise(f"{error.code().name} with {len(found)} ErrorInfo: {error.details()}")
    return found[0]


def expect_error(error: grpc.RpcError, code: grpc.StatusCode, reason: str) -> None:
    info = error_info(error)
    expect((error.code(), info.domain, info.reason), (code, "kortisto", reason), "the error")


def main() -> int:
    try:
        Play(arguments()).run()
    except Surprise as surprise:
        print(f"surprise: {surprise}", file=sys.stderr)
        return 1
    except grpc.RpcError as error:
        print(f"surprise: {error.code().name}: {error.details()}", file=sys.stderr)
        return 1
    print("everything was as the contract says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
