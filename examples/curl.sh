#!/usr/bin/env bash
# The whole story by hand, against the sandbox: an agent gets a database user and an AWS session for a task, uses them,
# the orchestrator says in a signed webhook that the task has ended, and the database user is refused.
#
#   npm start                 # in one terminal; it prints an `export` line
#   bash examples/curl.sh     # in another, after that line
#
# Needs bash, curl 7.75 or newer, openssl, and node to read JSON.
set -euo pipefail
: "${PROTEM_URL:?paste the export line that npm start prints}"

field() { node -pe "JSON.parse(fs.readFileSync(0)).$1"; }
json='Content-Type: application/json'

echo '1. The agent proves who it is, with a token of its platform. In the sandbox anyone can have one.'
agent=$(curl -fsS "$SANDBOX_ISSUER/token" -d subject=reporter | field access_token)

echo '2. It opens a task.'
task=$(curl -fsS "$PROTEM_URL/v1/tasks" -H "Authorization: Bearer $agent" -H "$json" -d '{
  "intent": "Summarise the third-quarter reports",
  "deadline": "1h",
  "onBehalfOf": "carol@example.com",
  "tools": ["sql.query", "s3.get"]
}' | field id)
echo "   $task"

ask() {
  curl -sS "$PROTEM_URL/v1/tasks/$task/credentials" -H "Authorization: Bearer $agent" -H "$json" \
    -H "Idempotency-Key: $(openssl rand -hex 16)" -d "$1"
}

echo '3. It asks for a database user, and uses it.'
grant=$(ask '{ "credential": "reports-db", "ttl": "15m", "tool": "sql.query", "reason": "quarterly totals" }')
lease=$(echo "$grant" | field lease.id)
login=$(echo "$grant" | field secret.username):$(echo "$grant" | field secret.password)
database() { curl -sS -o /dev/null -w '%{http_code}' -u "$login" "$SANDBOX_DATABASE"; }
[ "$(database)" = 200 ]
echo "   $lease: $(echo "$grant" | field lease.revocation.effect); the database lets it in"

echo '4. It asks for an AWS session, for one folder only, and reads a file there.'
grant=$(ask '{ "credential": "reports-reader", "parameters": { "prefix": "reports/2026/" }, "tool": "s3.get" }')
session=$(echo "$grant" | field lease.id)
report() {
  curl -sS "$SANDBOX_AWS/acme-reports/reports/2026/q3.csv" --aws-sigv4 aws:amz:eu-central-1:s3 \
    -u "$(echo "$grant" | field secret.AccessKeyId):$(echo "$grant" | field secret.SecretAccessKey)" \
    -H "x-amz-security-token: $(echo "$grant" | field secret.SessionToken)" \
    -H "x-amz-content-sha256: $(printf '' | openssl dgst -sha256 -r | cut -d' ' -f1)"
}
report | sed 's/^/   /'
echo "   $session: $(echo "$grant" | field lease.revocation.effect)"

echo '5. It asks for what it should not have.'
refusal=$(ask '{ "credential": "payments-admin", "tool": "sql.query" }')
echo "   refused: $(echo "$refusal" | field code), because of $(echo "$refusal" | field 'policies.join(", ")')"

echo '6. The orchestrator says that the task has ended, in a signed webhook.'
body='{"type":"task.completed","data":{"task_id":"'$task'"}}'
id=msg_$(openssl rand -hex 12)
now=$(date +%s)
key=$(printf %s "${SANDBOX_HOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$(printf %s "$id.$now.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl -fsS "$PROTEM_URL/v1/hooks/orchestrator" -H "$json" -H "webhook-id: $id" -H "webhook-timestamp: $now" \
  -H "webhook-signature: v1,$signature" -d "$body" | sed 's/^/   /'
echo

echo '7. The lease is revoked at the provider, and the database refuses.'
until_revoked() {
  until [ "$(curl -fsS "$PROTEM_URL/v1/leases/$1" -H "Authorization: Bearer $agent" | field state)" = revoked ]; do
    sleep 0.1
  done
}
until_revoked "$lease"
[ "$(database)" = 401 ]

echo '8. AWS has no call that ends a session: its role denies it, which takes a moment to be in force.'
until_revoked "$session"
echo "   S3 answers $(report | grep -o '<Code>.*</Code>')"

echo '9. Nothing more is issued.'
[ "$(ask '{ "credential": "reports-db", "tool": "sql.query" }' | field code)" = task.ended ]

echo 'Done: what was allowed is refused.'
