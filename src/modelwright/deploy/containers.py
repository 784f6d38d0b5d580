"""Files to run a release elsewhere: a container, Docker Compose, Kubernetes and KServe."""

from __future__ import annotations

import re

from modelwright.serving.manifest import Manifest

PYTHON = "3.12"  # what all four packages have wheels for on every platform
USER = 10001  # no user of the host; Kubernetes asks for a number
PORT = 8000
DRAIN_SECONDS = 30  # more than the server's own 15: it is never killed while it drains
MAX_NAME_CHARACTERS = 50  # Kubernetes allows 63, and adds to it

SERVE = f'["python", "serve.py", "--host", "0.0.0.0", "--port", "{PORT}", "--behind-proxy"]'

DOCKERFILE = f"""\
# docker build -t NAME . && docker run --read-only -p 127.0.0.1:{PORT}:{PORT} NAME
FROM python:{PYTHON}-slim
WORKDIR /release
COPY requirements.txt .
RUN python -m pip install --no-cache-dir --no-compile -r requirements.txt
# --log postgresql://... needs the package psycopg[binary]>=3.2 besides; PGPASSWORD may hold the password.
COPY . .
USER {USER}:{USER}
ENV PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1
EXPOSE {PORT}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", \\
  "import urllib.request as r; r.urlopen('http://127.0.0.1:{PORT}/readyz', timeout=2)"]
# In clear text inside the container: put whatever does TLS in front of it, or mount a certificate and
# give --certificate and --key instead of --behind-proxy.
CMD {SERVE}
"""

DOCKERIGNORE = """\
Dockerfile
compose.yaml
kubernetes.yaml
kserve.yaml
__pycache__
"""


def running_files(manifest: Manifest) -> dict[str, bytes]:
    """The files, to be read and edited: they are no part of what the release's digests cover."""
    name = host_name(manifest.name)
    texts = {
        "Dockerfile": DOCKERFILE,
        ".dockerignore": DOCKERIGNORE,
        "compose.yaml": _compose(name),
        "kubernetes.yaml": _kubernetes(name, manifest.name),
        "kserve.yaml": _kserve(name, manifest.name),
    }
    return {file: text.encode() for file, text in texts.items()}


def host_name(label: str) -> str:
    """A release's label as Kubernetes allows names: small letters, digits and dashes.

    Example:
        >>> host_name("Größe_7-0a1b2c3d")
        'gr-e-7-0a1b2c3d'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    if not plain.strip("-0123456789"):
        plain = f"model-{plain}"
    return plain[-MAX_NAME_CHARACTERS:].strip("-")


def _compose(name: str) -> str:
    return f"""\
# docker compose up --build
services:
  model:
    build: .
    image: {name}
    ports: ["127.0.0.1:{PORT}:{PORT}"]
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    stop_grace_period: {DRAIN_SECONDS}s
    restart: unless-stopped
    # environment: {{MODELWRIGHT_TOKENS: "a token of at least 16 characters"}}
"""


def _kubernetes(name: str, label: str) -> str:
    return f"""\
# kubectl apply -f kubernetes.yaml, after the image was built and pushed. A new release rolls out as a new
# image; the old pods drain. TLS is the ingress' or the mesh's.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  annotations: {{modelwright/release: "{_quoted(label)}"}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: {name}}}}}
  strategy: {{rollingUpdate: {{maxUnavailable: 0, maxSurge: 1}}}}
  template:
    metadata:
      labels: {{app: {name}}}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "{PORT}"
        prometheus.io/path: /metrics
    spec:
      terminationGracePeriodSeconds: {DRAIN_SECONDS}
      automountServiceAccountToken: false
      securityContext: {{runAsNonRoot: true, runAsUser: {USER}, seccompProfile: {{type: RuntimeDefault}}}}
      containers:
        - name: model
          image: {name}
          ports: [{{containerPort: {PORT}}}]
          readinessProbe: {{httpGet: {{path: /readyz, port: {PORT}}}, periodSeconds: 2}}
          livenessProbe: {{httpGet: {{path: /healthz, port: {PORT}}}, periodSeconds: 10, timeoutSeconds: 5}}
          resources: {{requests: {{cpu: "1", memory: 256Mi}}, limits: {{memory: 1Gi}}}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector: {{app: {name}}}
  ports: [{{port: 80, targetPort: {PORT}}}]
"""


def _kserve(name: str, label: str) -> str:
    return f"""\
# kubectl apply -f kserve.yaml, where KServe is installed: it speaks the Open Inference Protocol (v2).
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {name}
  annotations: {{modelwright/release: "{_quoted(label)}"}}
spec:
  predictor:
    terminationGracePeriodSeconds: {DRAIN_SECONDS}
    containers:
      - name: kserve-container
        image: {name}
        ports: [{{containerPort: {PORT}, protocol: TCP}}]
        env: [{{name: PROTOCOL, value: v2}}]
        readinessProbe: {{httpGet: {{path: /v2/health/ready, port: {PORT}}}}}
        livenessProbe: {{httpGet: {{path: /v2/health/live, port: {PORT}}}}}
        resources: {{requests: {{cpu: "1", memory: 256Mi}}, limits: {{memory: 1Gi}}}}
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          runAsNonRoot: true
          runAsUser: {USER}
          capabilities: {{drop: [ALL]}}
"""


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
