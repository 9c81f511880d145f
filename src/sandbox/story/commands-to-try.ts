export interface Places {
  readonly api: string;
  /** The folder that has the command `protem`. */
  readonly programs: string;
  readonly issuer: string;
  readonly aws: string;
  readonly awsSecret: string;
  readonly database: string;
  readonly webhookSecret: string;
}

/** Where everything is, under the names that the commands here, in docs/ and in examples/ know it by. */
export const shellVariables = (places: Places): Record<string, string> => ({
  PROTEM_URL: places.api,
  SANDBOX_ISSUER: places.issuer,
  SANDBOX_AWS: places.aws,
  SANDBOX_AWS_SECRET: places.awsSecret,
  SANDBOX_DATABASE: places.database,
  SANDBOX_HOOK_SECRET: places.webhookSecret,
});

/** What to type next, ready to paste: the same story by hand. */
export function commandsToTry(places: Places): string[] {
  const exported = Object.entries(shellVariables(places)).map(([name, value]) => `${name}='${value}'`);
  return [
    '',
    'Now by hand. Protem goes on serving; stop it with Ctrl-C. In another terminal, first where everything is, for the',
    'commands below, those of docs/ and the examples:',
    '',
    `  export PATH='${places.programs}':"$PATH" ${exported.join(' ')}`,
    '',
    'Then, from a task to its end (a token lasts five minutes; after that, ask for another):',
    '',
    ...story.map((line) => (line === '' ? '' : `  ${line}`)),
    '',
  ];
}

const story = [
  `field() { node -pe "JSON.parse(fs.readFileSync(0)).$1"; }`,
  'AGENT=$(curl -s $SANDBOX_ISSUER/token -d subject=reporter | field access_token)',
  `TASK=$(curl -s $PROTEM_URL/v1/tasks -H "Authorization: Bearer $AGENT" -H 'Content-Type: application/json' \\`,
  `  -d '{"intent":"try it by hand","deadline":"1h"}' | field id)`,
  `SECRET=$(curl -s $PROTEM_URL/v1/tasks/$TASK/credentials -H "Authorization: Bearer $AGENT" \\`,
  `  -H 'Content-Type: application/json' -d '{"credential":"reports-db","ttl":"15m"}')`,
  'DBUSER=$(echo "$SECRET" | field secret.username):$(echo "$SECRET" | field secret.password)',
  'curl -s -u "$DBUSER" $SANDBOX_DATABASE; echo           # allowed',
  'LEASE=$(echo "$SECRET" | field lease.id)          # and for longer, because policy is asked again and says yes',
  `curl -s $PROTEM_URL/v1/leases/$LEASE/renew -H "Authorization: Bearer $AGENT" \\`,
  `  -H 'Content-Type: application/json' -d '{"ttl":"20m"}' | field lease.expiresAt`,
  '',
  '# the orchestrator says that the task has ended, in a signed webhook',
  `BODY='{"type":"task.completed","data":{"task_id":"'$TASK'"}}'; ID=msg_$RANDOM; NOW=$(date +%s)`,
  `KEY=$(printf %s "\${SANDBOX_HOOK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')`,
  'SIG=$(printf %s "$ID.$NOW.$BODY" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary | base64)',
  `curl -s $PROTEM_URL/v1/hooks/orchestrator -H "webhook-id: $ID" -H "webhook-timestamp: $NOW" \\`,
  `  -H "webhook-signature: v1,$SIG" -H 'Content-Type: application/json' -d "$BODY"; echo`,
  'sleep 1; curl -s -u "$DBUSER" $SANDBOX_DATABASE; echo  # refused',
  '',
  '# an operator looks',
  'OPERATOR=$(curl -s $SANDBOX_ISSUER/token -d subject=olga -d kind=operator | field access_token)',
  'curl -s "$PROTEM_URL/v1/leases?task=$TASK" -H "Authorization: Bearer $OPERATOR" \\',
  `  | field 'items.map(({ id, state }) => id + " " + state).join("\\n")'`,
  'curl -s "$PROTEM_URL/v1/audit?task=$TASK" -H "Authorization: Bearer $OPERATOR" \\',
  `  | field 'items.map(({ seq, event }) => seq + " " + event.type).join("\\n")'`,
];
