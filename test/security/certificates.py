"""An authority of our own and what it signs, made by openssl into a scratch directory."""

import subprocess
from pathlib import Path


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def self_signed(path, names):
    """Key and certificate in one file that only vouches for itself."""
    key = path.with_suffix(".key")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", path,
            "-days", "2", "-subj", "/CN=server", "-addext", f"subjectAltName={names}")
    path.write_text(key.read_text() + path.read_text())
    return path


class Authority:
    """ca is the file to trust; issue() gives certificates that it vouches for."""

    def __init__(self, directory, name):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.ca, self.key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        self.count = 0
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.key,
                "-out", self.ca, "-days", "2", "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, names, days=2, usage="serverAuth"):
        """One PEM file with the key (PKCS 8) and the certificate. names: as in subjectAltName."""
        self.count += 1
        stem = self.directory / f"{self.ca.stem}-{self.count}"
        key, request, extensions, certificate = (stem.with_suffix(s) for s in (".k", ".csr", ".ext", ".crt"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
                "-out", request, "-subj", "/CN=server")
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.key, "-CAcreateserial", "-out", certificate,
                "-days", str(days), "-extfile", extensions)
        both = stem.with_suffix(".pem")
        both.write_text(key.read_text() + certificate.read_text())
        return both
