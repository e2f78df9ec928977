"""The office's own certificate authority: who may connect as which box, and what the office is."""

import ipaddress
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from controller.errors import SettingsWrong
from edge_agent.contract.trust import public_to_text

CA_LIFE = timedelta(days=20 * 365)
BOX_LIFE = timedelta(days=90)
SERVER_LIFE = timedelta(days=397)
CRL_LIFE = timedelta(days=60)
"""It is renewed daily; this long an external broker goes on while its office stands still."""

BACKDATED = timedelta(hours=1)
"""Clocks differ; what was issued this minute must count for a clock that is a little behind."""

_ONE_S = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was made for a box; `serial` in hexadecimal."""

    pem: str
    serial: str
    not_before_ms: int
    not_after_ms: int


@dataclass(frozen=True, slots=True)
class RevokedSerial:
    """A certificate that counts no more; `serial` in hexadecimal."""

    serial: str
    revoked_ms: int


class CertificateAuthority:
    """Makes certificates for boxes and for the office's own servers; keeps its files in one folder.

    One thread at a time writes `server_files` and `crl`.
    """

    def __init__(
        self, folder: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> None:
        self._folder = folder
        self._key = key
        self._certificate = certificate

    @property
    def pem(self) -> str:
        """Its own certificate, which a box pins at pairing."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its certificate (DER), in hexadecimal."""
        return self._certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def ca_path(self) -> Path:
        """File of its own certificate."""
        return self._folder / "ca.pem"

    @property
    def crl_path(self) -> Path:
        """File of the newest revocation list; it is there once `crl` was called."""
        return self._folder / "crl.pem"

    def box_certificate(self, did: str, public_key: Ed25519PublicKey, now: datetime) -> Issued:
        """Certify that `public_key` is the box `did`, to servers only, for `BOX_LIFE`."""
        begins = _whole_seconds(now - BACKDATED)
        ends = begins + BACKDATED + BOX_LIFE
        certificate = (
            self._issued(did, public_key, begins, ends)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Issued(
            pem=certificate.public_bytes(Encoding.PEM).decode(),
            serial=format(certificate.serial_number, "x"),
            not_before_ms=_ms(begins),
            not_after_ms=_ms(ends),
        )

    def server_files(self, names: Sequence[str], now: datetime) -> tuple[Path, Path]:
        """Certificate and key of the office's servers under `names` (DNS names or addresses).

        Made anew at two thirds of its life, and when the names change. Raises `SettingsWrong`.
        """
        wanted = _alternative_names(names)
        path, key_path = self._folder / "server.pem", self._folder / "server.key"
        if not (key_path.exists() and self._still_serves(path, wanted, now)):
            self._make_server(path, key_path, wanted, names[0], now)
        return path, key_path

    def crl(self, revoked: Iterable[RevokedSerial], now: datetime) -> bytes:
        """List these as revoked, for `CRL_LIFE`; kept at `crl_path`, each newer than the last."""
        begins = _whole_seconds(now - BACKDATED)
        if self.crl_path.exists():
            last = x509.load_pem_x509_crl(self.crl_path.read_bytes())
            if last.last_update_utc < now:
                # OpenSSL goes by the newer of two lists that count now, in whole seconds. One of
                # the future was written by a wrong clock, and counts no more than it should.
                begins = max(begins, last.last_update_utc + _ONE_S)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(begins)
            .next_update(begins + CRL_LIFE)
            .add_extension(x509.CRLNumber(_ms(begins)), critical=False)
            .add_extension(self._authority_id(), critical=False)
        )
        for entry in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(int(entry.serial, 16))
                .revocation_date(datetime.fromtimestamp(entry.revoked_ms // 1000, UTC))
                .build()
            )
        pem = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        _write_private(self.crl_path, pem)
        return pem

    def _still_serves(self, path: Path, wanted: x509.SubjectAlternativeName, now: datetime) -> bool:
        if not path.exists():
            return False
        held = x509.load_pem_x509_certificate(path.read_bytes())
        begins, ends = held.not_valid_before_utc, held.not_valid_after_utc
        says = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        ours = held.issuer == self._certificate.subject
        return ours and says == wanted and begins <= now < begins + (ends - begins) * 2 / 3

    def _make_server(
        self,
        path: Path,
        key_path: Path,
        names: x509.SubjectAlternativeName,
        common_name: str,
        now: datetime,
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        begins = _whole_seconds(now - BACKDATED)
        certificate = (
            self._issued(common_name[:64], key.public_key(), begins, begins + SERVER_LIFE)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        # A crash between the two leaves a certificate that is made anew, never a wrong pair.
        path.unlink(missing_ok=True)
        _write_private(key_path, _private_pem(key))
        _write_private(path, certificate.public_bytes(Encoding.PEM))

    def _issued(
        self,
        common_name: str,
        public_key: Ed25519PublicKey | ec.EllipticCurvePublicKey,
        begins: datetime,
        ends: datetime,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_named(common_name))
            .issuer_name(self._certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(self._authority_id(), critical=False)
        )

    def _authority_id(self) -> x509.AuthorityKeyIdentifier:
        own = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def open_ca(folder: Path, now: datetime) -> CertificateAuthority:
    """Read the authority of `folder`, or make it at first start; private files, owner only.

    Raises `SettingsWrong`: a lost key is never made anew, for every box has pinned it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key_path, path = folder / "ca.key", folder / "ca.pem"
    if not path.exists() and not key_path.exists():
        _write_private(key_path, _private_pem(ec.generate_private_key(ec.SECP256R1())))
    try:
        key = load_pem_private_key(key_path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("ca.key is not of a curve")
        if not path.exists():
            # Of the same key and name it stands for the one that boxes may have pinned.
            _write_private(path, _own_certificate(key, now).public_bytes(Encoding.PEM))
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        if key.public_key() != certificate.public_key():
            raise ValueError("ca.key does not belong to ca.pem")
    except (OSError, ValueError) as e:
        raise _unreadable(folder, str(e)) from e
    return CertificateAuthority(folder, key, certificate)


def _own_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    public = key.public_key()
    begins = _whole_seconds(now - timedelta(days=1))
    subject_key = x509.SubjectKeyIdentifier.from_public_key(public)
    # The name tells offices apart: OpenSSL looks for an issuer by its name first.
    name = _named(f"Loa Lang CA {subject_key.digest.hex()[:12]}")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(subject_key, critical=False)
        .sign(key, hashes.SHA256())
    )


def _unreadable(folder: Path, why: str) -> SettingsWrong:
    return SettingsWrong(
        "ca_unreadable",
        f"Không đọc được nơi cấp chứng chỉ trong {folder}: {why}. "
        "Hãy lấy lại từ bản sao lưu (loalang keys restore); đừng xoá.",
        f"The certificate authority in {folder} cannot be read: {why}. "
        "Restore it from a backup (loalang keys restore); do not delete it.",
    )


def public_key_of(pem: str) -> str:
    """Raw ed25519 key of a box's certificate in base64url; raises ValueError if it is none."""
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not the certificate of an ed25519 key")
    return public_to_text(key)


def _alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(name) for name in dict.fromkeys(names)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.encode("idna").decode())
    except (UnicodeError, ValueError) as e:
        raise SettingsWrong(
            "bad_hostname",
            f"“{name}” không phải tên máy hay địa chỉ. Hãy sửa LOALANG_HOSTNAMES.",
            f"“{name}” is no host name and no address. Correct LOALANG_HOSTNAMES.",
        ) from e


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_private(path: Path, content: bytes) -> None:
    """Replace a file at once, readable by its owner alone."""
    temporary = path.with_name(f".{path.name}.aside")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        f.write(content)
        f.flush()
        os.fsync(f.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _whole_seconds(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000
