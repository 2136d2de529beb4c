/**
 * Lua values as plain JavaScript, the form in which objects are read and handler arguments are passed. Lua tells
 * integers from floats; JavaScript does not, so a float without a fraction (`5.0`) is kept apart in `Float`.
 */
export type Plain =
  | undefined
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Float
  | Opaque
  | Plain[]
  | { [key: string]: Plain };

/** A Lua float that has no fraction: it is not an integer for a field that wants one. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A Lua value that is not data: a function, a thread or a foreign userdata. `type` is Lua's name for it. */
export class Opaque {
  readonly type: string;
  constructor(type: string) {
    this.type = type;
  }
}
