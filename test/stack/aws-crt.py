"""Reads a report at each line of its input, as a program does that knows nothing of Protem: with what the C runtime of the
AWS SDKs (aws-c-auth) finds by itself, signed by it, through its HTTP client."""

import os
import sys
from urllib.parse import urlparse

from awscrt import auth, http, io

aws = urlparse(os.environ["SANDBOX_AWS"])
loop = io.EventLoopGroup(1)
bootstrap = io.ClientBootstrap(loop, io.DefaultHostResolver(loop))
chain = auth.AwsCredentialsProvider.new_default_chain(bootstrap)
longest = 60


def read():
    request = http.HttpRequest("GET", "/acme-reports/reports/2026/q3.csv")
    request.headers.add("host", aws.netloc)
    signing = auth.AwsSigningConfig(
        algorithm=auth.AwsSigningAlgorithm.V4,
        region="eu-central-1",
        service="s3",
        credentials_provider=chain,
        use_double_uri_encode=False,
        signed_body_header_type=auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
    )
    auth.aws_sign_request(request, signing).result(longest)
    connection = http.HttpClientConnection.new(aws.hostname, aws.port, bootstrap).result(longest)
    answer = {"body": b""}

    def on_response(status_code, **_):
        answer["status"] = status_code

    def on_body(chunk, **_):
        answer["body"] += bytes(chunk)

    stream = connection.request(request, on_response=on_response, on_body=on_body)
    stream.activate()
    stream.completion_future.result(longest)
    if answer["status"] != 200:
        raise PermissionError(answer["status"])
    return answer["body"].decode()


for _ in sys.stdin:
    try:
        print(read(), flush=True)
    except Exception as error:
        print("refused:", error, flush=True)
