import { OptionalKind, type TObject, type TProperties, Type } from '@sinclair/typebox';
import { field, isMap, nullIsAbsent, type Reader, type Redactor, readerOf, redactorOf } from './field.ts';
import { FieldError, missingField, notATable, unknownField, within } from './field_error.ts';
import type { Plain } from './plain.ts';

interface Slot {
  name: string;
  read: Reader;
  optional: boolean;
  nullIsAbsent: boolean;
}

/**
 * A table with known fields. A field that is not `Type.Optional` is always printed: it has a default, or must be given.
 * Fields are printed in the order of declaration, the optional ones after the others, whatever order Lua gave.
 */
export function table<P extends TProperties>(title: string, fields: P): TObject<P> {
  const schema = Type.Object(fields, { title, additionalProperties: false });
  return field(schema, tableReader(fields), tableRedactor(fields));
}

function tableReader(fields: TProperties): Reader<Record<string, unknown>> {
  const names = Object.keys(fields);
  const slots = new Map<string, Slot>();
  for (const [name, schema] of Object.entries(fields)) {
    const optional = OptionalKind in schema;
    slots.set(name, { name, read: readerOf(schema), optional, nullIsAbsent: nullIsAbsent(schema) });
  }
  const optionals = [...slots.values()].filter((slot) => slot.optional);
  const printed = Object.entries(fields).filter(([name]) => !slots.get(name)!.optional);
  const required = printed.filter(([, schema]) => schema.default === undefined).map(([name]) => name);
  // What every object starts as. It is made by fromEntries because V8 copies such an object in a tenth of a
  // microsecond, and takes ten if the same properties were added one by one.
  const blank: Record<string, unknown> = Object.fromEntries(printed.map(([name, schema]) => [name, schema.default]));

  return (input) => {
    const given = tableMembers(input);
    const result = { ...blank };
    let hasOptionals = false;
    let at = '';
    try {
      for (const key in given) {
        at = key;
        const slot = slots.get(key);
        if (slot === undefined) throw unknownField(key, names);
        const value = given[key];
        if (slot.optional) hasOptionals = true;
        else if (value !== undefined && !(value === null && slot.nullIsAbsent)) result[key] = slot.read(value);
      }
      if (hasOptionals) {
        for (const { name, read } of optionals) {
          at = name;
          const value = given[name];
          const member = value === undefined || value === null ? undefined : read(value);
          if (member !== undefined) result[name] = member;
        }
      }
      for (const name of required) {
        at = name;
        if (result[name] === undefined) throw missingField(name);
      }
    } catch (thrown) {
      throw within(thrown, at);
    }
    return result;
  };
}

/** The members of a table as Lua passed it; a list has no field names. */
function tableMembers(input: Plain): { [key: string]: Plain } {
  if (isMap(input)) return input;
  if (!Array.isArray(input)) throw notATable(input, 'table');
  if (input.length === 0) return {};
  throw new FieldError('table', 'invalid type: integer `1`, expected field identifier');
}

function tableRedactor(fields: TProperties): Redactor | undefined {
  const hiding = Object.entries(fields).flatMap(([name, schema]) => {
    const redact = redactorOf(schema);
    return redact === undefined ? [] : [{ name, redact }];
  });
  if (hiding.length === 0) return undefined;
  return (value) => {
    const before = value as Record<string, unknown>;
    let after = before;
    for (const { name, redact } of hiding) {
      if (before[name] === undefined) continue;
      const member = redact(before[name]);
      if (member === before[name]) continue;
      if (after === before) after = { ...before };
      after[name] = member;
    }
    return after;
  };
}
