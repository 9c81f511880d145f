/** What to type next, ready to paste: the same story by hand. */
export function commandsToTry(
  api: string,
  issuer: string,
  sandbox: { readonly databaseUrl: string; readonly webhookSecret: string },
): string[] {
  return [
    '',
    'Now by hand. Protem goes on serving; stop it with Ctrl-C. In another terminal:',
    '',
    `  TOKEN=$(curl -s ${issuer}/token -d subject=reporter | node -pe 'JSON.parse(fs.readFileSync(0)).access_token')`,
    `  TASK=$(curl -s ${api}/v1/tasks -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
    `    -d '{"intent":"try it by hand","deadline":"1h"}' | node -pe 'JSON.parse(fs.readFileSync(0)).id')`,
    `  curl -s ${api}/v1/tasks/$TASK/credentials -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
    `    -d '{"credential":"reports-db","tool":"sql.query","ttl":"15m"}' | tee lease.json`,
    `  DBUSER=$(node -pe 'const s = JSON.parse(fs.readFileSync("lease.json")).secret; s.username + ":" + s.password')`,
    `  curl -s -u "$DBUSER" ${sandbox.databaseUrl}            # allowed`,
    '',
    '  # the orchestrator says that the task has ended, in a signed webhook',
    `  BODY='{"type":"task.completed","data":{"task_id":"'$TASK'","status":"completed"}}'; ID=msg_$RANDOM; NOW=$(date +%s)`,
    `  KEY=$(printf %s '${sandbox.webhookSecret.replace(/^whsec_/, '')}' | base64 -d | od -An -tx1 | tr -d ' \\n')`,
    `  SIG=$(printf %s "$ID.$NOW.$BODY" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary | base64)`,
    `  curl -s ${api}/v1/hooks/orchestrator -H "webhook-id: $ID" -H "webhook-timestamp: $NOW" \\`,
    `    -H "webhook-signature: v1,$SIG" -H 'Content-Type: application/json' -d "$BODY"`,
    `  curl -s -u "$DBUSER" ${sandbox.databaseUrl}            # refused`,
    '',
    `  # an operator looks`,
    `  OPERATOR=$(curl -s ${issuer}/token -d subject=olga -d kind=operator | node -pe 'JSON.parse(fs.readFileSync(0)).access_token')`,
    `  curl -s ${api}/v1/leases -H "Authorization: Bearer $OPERATOR"`,
    `  curl -s "${api}/v1/audit?task=$TASK" -H "Authorization: Bearer $OPERATOR"`,
    '',
  ];
}
