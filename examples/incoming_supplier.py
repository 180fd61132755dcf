"""An incoming supplier in one file: httpx, cryptography and an HTTP server, nothing of the emulator.

    python examples/incoming_supplier.py my-supplier --port 9000

``my-supplier`` is the folder that ``dipemu participants add --out`` wrote. The supplier sets its webhooks,
waits for a run in which it plays the incoming supplier (SUPI), asks CSS for the switch, and appoints the
metering service when the DIP publishes PUB-002. Replace it with your own system, part by part.
"""

import argparse
import base64
import hashlib
import json
import queue
import secrets
import threading
import time
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def to_sign(url: str, date: str, body: bytes) -> bytes:
    """What the DIP signs and verifies: METHOD;url;date;hash, over exactly the bytes sent."""
    return f"POST;{url.lower()};{date};{b64(hashlib.sha256(body).digest())}".encode()


class Supplier:
    def __init__(self, folder: Path) -> None:
        self.me = json.loads((folder / "identity.json").read_text())
        self.certificate = (folder / "signing.crt").read_bytes()
        key = serialization.load_pem_private_key((folder / "signing.key").read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.key = key
        self.http = httpx.Client(timeout=30)
        self.received: queue.Queue[dict[str, Any]] = queue.Queue()

    def post(self, path: str, document: object) -> httpx.Response:
        """POST to the gateway, signed."""
        url, body = self.me["gatewayUrl"] + path, json.dumps(document).encode()
        date = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        headers = {
            "Content-Type": "application/json",
            "X-API-Key": self.me["apiKey"],
            "X-DIP-Content-Hash": b64(hashlib.sha256(body).digest()),
            "X-DIP-Signature-Date": date,
            "X-DIP-Signature-Certificate": b64(self.certificate),
            "X-DIP-Signature": b64(
                self.key.sign(to_sign(url, date, body), padding.PKCS1v15(), hashes.SHA256())
            ),
        }
        answer = self.http.post(url, content=body, headers=headers)
        print(f"sent {path}: {answer.status_code}", "" if answer.is_success else answer.text, flush=True)
        return answer

    def take(self, url: str, headers: Message, body: bytes) -> int:
        """Take a publication in: check the DIP's signature, keep the messages, give the HTTP status."""
        certificate = x509.load_pem_x509_certificate(base64.b64decode(headers["X-DIP-Signature-Certificate"]))
        signed = to_sign(url, headers["X-DIP-Signature-Date"], body)
        signature = base64.b64decode(headers["X-DIP-Signature"])
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        for message in json.loads(body):
            self.received.put(message["payload"])
        return 201

    def listen(self, port: int) -> str:
        """Serve the webhook on loopback; the result is the URL to give to the DIP."""
        take = self.take

        class Webhook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = take(f"http://{self.headers['Host']}{self.path}", self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet: what matters is printed by the supplier."""

        server = ThreadingHTTPServer(("127.0.0.1", port), Webhook)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/webhook"

    def await_run(self) -> dict[str, Any]:
        """The harness's briefing: which MPAN, from when, who the other parties are."""
        url = f"{self.me['gatewayUrl']}/api/runs?participant={self.me['dipId']}"
        runs: list[dict[str, Any]]
        while not (runs := [run for run in self.http.get(url).json() if not run["finished"]]):
            time.sleep(0.2)
        return runs[0]

    def request_switch(self, run: dict[str, Any]) -> None:
        data = {"mpxn": run["mpan"], "supplyStartDate": run["supplyStartDate"]}
        data |= {"supplierMpid": self.me["mpid"], "supplierGeneratedReference": secrets.token_hex(8)}
        envelope = {"eventType": "CSS01700", "eventDate": datetime.now(UTC).isoformat(), "data": data}
        envelope |= {"eventId": secrets.token_hex(16), "correlationId": secrets.token_hex(16)}
        self.post("/css/messages", envelope)

    def appoint_metering_service(self, site: dict[str, Any], run: dict[str, Any]) -> None:
        now, given = datetime.now(UTC), site["CommonBlock"]
        service = next(party for party in run["parties"] if party["key"] == "MSS")
        reference = f"S-IF-031-{self.me['dipId']}-SUP-{now:%Y%m%d}-{secrets.token_hex(8)}"
        sender: dict[str, Any] = {"senderUniqueReference": reference}
        sender |= {"senderTimestamp": now.isoformat(timespec="seconds")}
        sender |= {"senderDIPID": self.me["dipId"], "senderRoleID": "SUP", "DIPConnectionProviderID": None}
        sender |= {"environmentTag": given["S1"]["environmentTag"], "subText": None}
        sender |= {"senderCorrelationID": given["D0"]["initialCorrelationID"]}
        proposed = {
            "proposedMeteringServiceDIPID": service["dipId"],
            "proposedMeteringServiceMPID": service["mpid"],
            "proposedMeteringServiceDIPEffectiveFromDate": run["supplyStartDate"],
            "contractReferenceMeteringService": "CONTRACT-1",
            "appointmentScenario": "COS",
        }
        kind = given["S0"] | {"interfaceID": "IF-031", "eventCode": "[MSApp]"}
        common = {"S0": kind, "S1": sender, "M0": given["M0"]}
        custom = {"B013": site["CustomBlock"]["B013"], "B070": proposed}
        self.post("/dip-channel/IF-031", [{"payload": {"CommonBlock": common, "CustomBlock": custom}}])

    def play(self, run: dict[str, Any]) -> None:
        self.request_switch(run)
        while True:
            message = self.received.get()
            common = message["CommonBlock"]
            print("received", common["D0"]["publicationID"], common["S0"]["eventCode"], flush=True)
            if common["D0"]["publicationID"] == "PUB-002":
                self.appoint_metering_service(message, run)
            elif common["D0"]["publicationID"] == "PUB-032":
                print("outcome", common["R0"]["responseCode"], common["R0"]["responseMessages"], flush=True)
                return


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path, help="what `dipemu participants add --out` wrote")
    options.add_argument("--port", type=int, default=9000, help="port of the webhook on this machine")
    given = options.parse_args()
    supplier = Supplier(given.folder)
    webhook = supplier.listen(given.port)
    for channel in ("IF-002", "IF-032"):
        supplier.post(f"/dip-channel/{channel}/pubconfig/{supplier.me['dipId']}", {"callbackURL": webhook})
    print(f"{supplier.me['dipId']} listens on {webhook} and waits for a run", flush=True)
    supplier.play(supplier.await_run())
