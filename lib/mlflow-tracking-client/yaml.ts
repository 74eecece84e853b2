/**
 * A plain value (objects, arrays, strings, numbers, booleans, null) as YAML in block style; all strings in
 * double quotes, which YAML reads as JSON does. Undefined fields are left out.
 */
export function toYaml(value: Record<string, unknown>): string {
  return `${lines(value, '').join('\n')}\n`;
}

function lines(value: unknown, indent: string): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const inner = nested(item) ? lines(item, `${indent}  `) : [];
      return inner.length > 0
        ? [`${indent}- ${inner[0]!.trimStart()}`, ...inner.slice(1)]
        : [`${indent}- ${scalar(item)}`];
    });
  }
  return Object.entries(value as object)
    .filter(([, item]) => item !== undefined)
    .flatMap(([key, item]) => {
      const name = /^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key);
      return nested(item)
        ? [`${indent}${name}:`, ...lines(item, `${indent}  `)]
        : [`${indent}${name}: ${scalar(item)}`];
    });
}

function nested(value: unknown): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).length > 0;
}

function scalar(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
