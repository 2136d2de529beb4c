import { floatText } from './field_error.ts';
import { objectType } from './object_type.ts';
import { Float, type Plain } from './plain.ts';
import { text } from './scalars.ts';
import { table } from './table.ts';
import { throttleSpec } from './throttle_spec.ts';

const positional = objectType(
  'UserThrottle',
  'make_throttle',
  table('UserThrottle', {
    name: text({
      description: 'First positional argument; key becomes lua-user-throttle-<name>.',
      since: '2024.06.10-84e84b89',
    }),
    spec: throttleSpec({
      description: 'Second positional argument; throttle spec string.',
      since: '2024.06.10-84e84b89',
    }),
  }),
);

/** Read from the arguments `[name, spec]`, or from the printed form. */
export const throttle: typeof positional = {
  ...positional,
  read: (input) => positional.read(Array.isArray(input) ? fromArguments(input) : input),
};

/** As for every Lua function that wants a string, a number will do. */
function fromArguments([name, spec]: Plain[]): Plain {
  return { name: argumentText(name), spec: argumentText(spec) };
}

function argumentText(argument: Plain): Plain {
  if (argument instanceof Float) return floatText(argument);
  return typeof argument === 'number' ? String(argument) : argument;
}
