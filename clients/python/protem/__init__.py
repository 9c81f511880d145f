"""A thin client of the Protem HTTP API. Python 3.9 or newer, the standard library and nothing else.

    from protem import Client

    client = Client("https://protem.example", token=lambda: open("/var/run/secrets/tokens/protem").read())
    with client.task(intent="Count the reports", deadline="30m") as task:
        with client.lease(task["id"], credential="reports-db", ttl="10m") as lease:
            connect(**lease.secret)

Every call of the API is ``client.call(operation, ...)``; the operations are those of the OpenAPI description.
"""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from contextlib import contextmanager

from .operations import OPERATIONS

__all__ = ["Client", "Fault", "Lease", "OPERATIONS"]


class Fault(Exception):
    """A failure as the broker tells it (RFC 9457), or ``client.unreachable`` and ``client.unexpected``."""

    def __init__(self, problem, status=0, retry_after=None):
        super().__init__(f"{problem['code']}: {problem.get('detail', '')} {problem.get('remedy', '')}".strip())
        self.code = problem["code"]
        self.status = status
        self.detail = problem.get("detail", "")
        self.remedy = problem.get("remedy", "")
        self.retry = bool(problem.get("retry"))
        self.policies = problem.get("policies", [])
        self.errors = problem.get("errors", [])
        self.retry_after = retry_after


class Secret(dict):
    """The values of a credential, by name. As a whole it prints as ``[secret]``; a value that is taken out does print."""

    def __repr__(self):
        return "[secret]"


class Lease:
    """A credential in hand. The secret does not print."""

    def __init__(self, record, secret):
        self.record = record
        self.secret = Secret(secret)

    @property
    def id(self):
        return self.record["id"]

    def __repr__(self):
        return f"<Lease {self.id} secret=[secret]>"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes nowhere but to the broker."""

    def redirect_request(self, *_):
        return None


class Client:
    def __init__(self, url, token=None, timeout=30, attempts=4, context=None):
        """``token``: a string, or what reads it anew; it is asked before every request. ``timeout`` in seconds.
        ``context``: an ``ssl.SSLContext``, with an authority to believe or a certificate to show in place of a token.
        """
        if not url.startswith(("http://", "https://")):
            raise ValueError("The URL of the broker is not of http(s).")
        self._url = url.rstrip("/")
        self._token = token if token is None or callable(token) else lambda: token
        self._timeout = timeout
        self._attempts = attempts
        handlers = [_NoRedirect] if context is None else [_NoRedirect, urllib.request.HTTPSHandler(context=context)]
        self._opener = urllib.request.build_opener(*handlers)

    def call(self, operation, body=None, idempotency_key=None, **parameters):
        """The body of the answer. ``parameters``: those of the path and of the query, by name. Raises Fault."""
        return self._answer(operation, body, idempotency_key, parameters)[1]

    def _answer(self, operation, body, idempotency_key, parameters):
        method, path, in_path, in_query, idempotent = OPERATIONS[operation]
        unknown = set(parameters) - set(in_path) - set(in_query)
        if unknown:
            raise TypeError(f"{operation} has no {', '.join(sorted(unknown))}")
        for name in in_path:
            path = path.replace("{" + name + "}", urllib.parse.quote(parameters[name], safe=""))
        query = {name: parameters[name] for name in in_query if parameters.get(name) is not None}
        url = self._url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Accept": "application/json"}
        data = None
        if method == "POST":
            headers["Content-Type"] = "application/json"
            data = json.dumps({} if body is None else body).encode()
        if idempotent:
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        safe = method == "GET" or idempotent or operation in ("endTask", "revokeLease")
        for attempt in range(1, self._attempts + 1):
            try:
                return self._send(method, url, headers, data)
            except Fault as fault:
                unanswered = fault.code.startswith("client.")
                wait = max(fault.retry_after or 0, 0.2 * 2 ** (attempt - 1))
                if attempt == self._attempts or not fault.retry or (unanswered and not safe) or wait > 20:
                    raise
                time.sleep(wait)

    def _send(self, method, url, headers, data):
        if self._token is not None:
            headers = {**headers, "Authorization": f"Bearer {self._token().strip()}"}
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            raise _fault_of(error) from None
        except (OSError, ValueError):
            raise Fault(
                {
                    "code": "client.unreachable",
                    "detail": "The broker did not answer.",
                    "remedy": "Check the URL of the broker, and that it runs.",
                    "retry": True,
                }
            ) from None

    def list(self, operation, **parameters):
        """Every item of a list, page by page."""
        while True:
            page = self.call(operation, **parameters)
            yield from page["items"]
            if "next_page_token" not in page:
                return
            parameters["page_token"] = page["next_page_token"]

    @contextmanager
    def task(self, **ask):
        """Opens a task, and ends it: as completed, or as failed when the block raises."""
        task = self.call("openTask", body=ask)
        try:
            yield task
        except BaseException:
            try:
                self.call("endTask", task=task["id"], body={"outcome": "failed"})
            except Fault:
                pass  # what went wrong first is what is told; the task ends at its deadline
            raise
        self.call("endTask", task=task["id"], body={"outcome": "completed"})

    @contextmanager
    def lease(self, task, on_approval_pending=None, **ask):
        """Acquires a lease and gives it back. Waits for a person where policy wants one."""
        lease = self.acquire(task, on_approval_pending, **ask)
        try:
            yield lease
        finally:
            try:
                self.call("revokeLease", lease=lease.id)
            except Fault:
                pass  # it ends with its task, or by itself

    def acquire(self, task, on_approval_pending=None, **ask):
        status, answer = self._answer("requestCredential", ask, None, {"task": task})
        if status == 202:
            approval = answer["approval"]
            if on_approval_pending:
                on_approval_pending(approval)
            while approval["status"] == "pending":
                approval = self.call("findApproval", approval=approval["id"], wait="20s")
            ask["approval"] = approval["id"]
            answer = self.call("requestCredential", body=ask, task=task)
        return Lease(answer["lease"], answer["secret"])


def _fault_of(error):
    after = error.headers.get("Retry-After")
    retry_after = float(after) if after and after.isdigit() else None
    if (error.headers.get("Content-Type") or "").startswith("application/problem+json"):
        return Fault(json.loads(error.read()), error.code, retry_after)
    problem = {
        "code": "client.unexpected",
        "detail": f"The answer ({error.code}) is not one of the broker.",
        "remedy": "Check the URL of the broker, and what stands between it and here.",
        "retry": error.code in (502, 503, 504),
    }
    return Fault(problem, error.code, retry_after)
