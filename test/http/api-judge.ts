import formatsModule from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';

type Judge = (method: string, path: string, status: number, mediaType: string, body: unknown) => void;

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { responses: Record<string, object> }>>>>;
}

// A CommonJS package whose types describe a default export.
const addFormats = formatsModule as unknown as (ajv: Ajv2020) => void;

const escaped = (step: string) => step.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * Holds answers against the OpenAPI description, with a JSON Schema validator that knows nothing of zod. Throws for
 * an answer that the description does not foresee.
 */
export function apiJudge(description: unknown): Judge {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(description as object, 'api');
  const { paths } = description as Description;
  const templates = Object.keys(paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));

  function schemaFor(method: string, path: string, status: number, mediaType: string): string {
    const [template] = templates.filter(({ pattern }) => pattern.test(path));
    const operation = template && paths[template.path]?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
    if (!template || !operation) return 'api#/components/schemas/Problem';
    const response = operation.responses[status] as { content?: object } | undefined;
    if (!response || !Object.hasOwn(response.content ?? {}, mediaType))
      throw new Error(`/openapi.json knows no ${status} ${mediaType} of ${method} ${template.path}`);
    return `api#/paths/${escaped(template.path)}/${method.toLowerCase()}/responses/${status}/content/${escaped(mediaType)}/schema`;
  }

  return (method, path, status, mediaType, body) => {
    const reference = schemaFor(method, path, status, mediaType);
    const valid = ajv.validate({ $ref: reference }, body);
    if (!valid) throw new Error(`${method} ${path} ${status}: ${ajv.errorsText()}\n${JSON.stringify(body)}`);
  };
}
