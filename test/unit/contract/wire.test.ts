import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { apiArguments } from '../../../src-main/contract/api.ts';
import { MOST_MESSAGE_BYTES } from '../../../src-main/contract/wire.ts';

interface Schema {
  readonly type?: string;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly items?: Schema | false;
  readonly prefixItems?: readonly Schema[];
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
}

/** Bytes a letter takes at most in JSON: a control character is written as \u0001. */
const BYTES_A_LETTER = 6;
const BYTES_A_NUMBER = 30;

/** Bytes that a value of a schema takes at most as JSON; Infinity where nothing bounds it. */
function mostBytes(schema: Schema): number {
  if (schema.anyOf) return Math.max(...schema.anyOf.map(mostBytes));
  const words = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (words) return Math.max(...words.map((word) => JSON.stringify(word).length));
  switch (schema.type) {
    case 'string': {
      const letters = schema.pattern?.includes('{64}') ? 64 : (schema.maxLength ?? Infinity);
      return letters * BYTES_A_LETTER + 2;
    }
    case 'array': {
      const some = (schema.prefixItems ?? []).map((one) => mostBytes(one) + 1);
      const rest = schema.items ? (schema.maxItems ?? Infinity) * (mostBytes(schema.items) + 1) : 0;
      return some.reduce((sum, one) => sum + one, 2) + rest;
    }
    case 'object':
      return Object.entries(schema.properties ?? {}).reduce(
        (sum, [name, one]) => sum + name.length + 4 + mostBytes(one),
        2,
      );
    default:
      return BYTES_A_NUMBER;
  }
}

const methods = Object.entries(apiArguments).flatMap(([service, schemas]) =>
  Object.entries(schemas).map(([method, schema]) => ({
    name: `${service}.${method}`,
    schema: schema as z.ZodType,
  })),
);
// a bound on the sum of its paths, which a JSON Schema cannot say
const SUMMED = 'library.add';

describe('the limit of a message', () => {
  it.each(methods.filter(({ name }) => name !== SUMMED))(
    'fits the largest argument of $name',
    ({ schema }) => {
      const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;
      expect(mostBytes(described)).toBeLessThan(MOST_MESSAGE_BYTES / 2);
    },
  );

  it('fits the most and longest files that may be added at once', () => {
    const { add } = apiArguments.library;
    const paths = (count: number, letters: number) => ({
      paths: Array.from({ length: count }, () => '\u0001'.repeat(letters)),
    });
    const largest = [paths(1000, 1000), paths(30, 32_768)];
    for (const one of largest) {
      expect(add.safeParse(one).success).toBe(true);
      expect(JSON.stringify(one).length).toBeLessThan(MOST_MESSAGE_BYTES - 1000);
    }
    expect(add.safeParse(paths(1000, 1001)).success).toBe(false);
    expect(add.safeParse(paths(31, 32_768)).success).toBe(false);
  });
});
