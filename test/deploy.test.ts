import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';
import { prometheusMeter } from '../src/http/prometheus-meter.js';

/** Expressions of the files in deploy/, as Prometheus is given them. */
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
const { panels } = JSON.parse(readFileSync('deploy/grafana/protem.json', 'utf8')) as {
  panels: readonly Panel[];
};
const { groups } = parse(readFileSync('deploy/prometheus/alerts.yaml', 'utf8')) as {
  groups: readonly { rules: readonly { alert: string; expr: string }[] }[];
};
const expressions = [
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr.replaceAll('$__rate_interval', '5m')] as const),
  ),
  ...groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => [alert, expr] as const)),
];

/** Every series that a process can show, with what a histogram adds. */
async function seriesThere(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const nothing = () => Promise.resolve([]);
  const meter = prometheusMeter({ version: 'test', gauges: { leases: nothing, overdue: nothing } });
  meter.canary('revoked', 1);
  const page = await meter.page();
  const names = [...page.matchAll(/^# TYPE (\w+) (\w+)/gm)].flatMap(([, name = '', kind]) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  const labels = readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `(protem_\w+)` +\| ([^|]*)\|/gm);
  const labelsOf = new Map(
    [...labels].map(([, name = '', said = '']) => [
      name,
      [...said.matchAll(/`(\w+)`/g)].map(([, l = '']) => l),
    ]),
  );
  return new Map(
    names.map((name) => [
      name,
      new Set([...(labelsOf.get(name.replace(/_(bucket|sum|count)$/, '')) ?? []), 'le', 'instance']),
    ]),
  );
}

test.each(expressions)('%s: %s is PromQL', (_title, expr) => {
  const broken: string[] = [];
  parser.parse(expr).iterate({
    enter: (node) => {
      if (node.type.isError) broken.push(expr.slice(node.from - 5, node.to + 5));
    },
  });
  expect(broken).toEqual([]);
});

test.each(expressions)('%s: %s uses metrics and labels that there are', async (_title, expr) => {
  const there = await seriesThere();
  const used = expr.match(/\bprotem_\w+/g) ?? [];
  expect(used.length).toBeGreaterThan(0);
  for (const name of used) expect([...there.keys()]).toContain(name);
  const labels = [
    ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
    ...[...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~?|!=)/g)].map(([, label = '']) => label),
  ];
  const known = new Set(used.flatMap((name) => [...there.get(name)!]));
  for (const label of labels) expect([...known]).toContain(label);
});

test('what can be alerted on is alerted on', () => {
  const alerted = groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)).join('\n');
  for (const name of [
    'irrevocable',
    'oldest_overdue',
    'quarantined',
    'audit_untold',
    'canary_last_success',
    'breaker_open',
    'state_memory_used',
  ])
    expect(alerted).toContain(name);
});

const chart = 'deploy/helm/protem';
const helm = process.env['PROTEM_HELM'];

test('the values of the chart are of its schema, which knows no other, and name secrets instead of holding them', () => {
  const values = parse(readFileSync(`${chart}/values.yaml`, 'utf8')) as Record<string, unknown>;
  const isOfSchema = new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(`${chart}/values.schema.json`, 'utf8')) as object,
  );
  expect([isOfSchema(values), isOfSchema.errors]).toEqual([true, null]);
  expect(isOfSchema({ ...values, password: 'x' })).toBe(false);
  expect(JSON.stringify(values)).not.toMatch(/"(password|privateKey|secretId|secret|token)"/i);
});

(helm === undefined ? test.skip : test)('helm renders it: no root, nothing to write to, probes', () => {
  const set = ['existingSecret=s', 'policyConfigMap=p', 'podMonitor.enabled=true'].flatMap((one) => [
    '--set',
    one,
  ]);
  const rendered = execFileSync(helm!, ['template', 't', chart, '--kube-version', '1.30.0', ...set], {
    encoding: 'utf8',
  });
  const all = parseAllDocuments(rendered).map((one) => one.toJS() as { kind: string; spec: PodOwner } | null);
  const deployments = all.filter((one) => one?.kind === 'Deployment');
  expect(deployments).toHaveLength(2);
  for (const { spec } of deployments.map((one) => one!)) {
    const { securityContext, containers } = spec.template.spec;
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const container of containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.livenessProbe).toBeDefined();
    }
  }
});

interface PodOwner {
  readonly template: {
    readonly spec: {
      readonly securityContext: object;
      readonly containers: readonly { readonly securityContext: object; readonly livenessProbe?: object }[];
    };
  };
}
