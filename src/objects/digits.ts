const TOO_LARGE = 'number too large to fit in target type';

/** Why the text is no unsigned integer below `end`, in Rust's words; undefined if it is one. */
export function digitsFault(text: string, end: number = 2 ** 64): string | undefined {
  if (text === '') return 'cannot parse integer from empty string';
  if (!/^\d+$/.test(text)) return 'invalid digit found in string';
  return Number(text) < end ? undefined : TOO_LARGE;
}
