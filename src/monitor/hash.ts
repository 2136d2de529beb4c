import xxhash from 'xxhash-wasm';

/** xxh64 as 16 lower-case hex digits. */
export interface Hasher {
  /** Of a file's bytes. */
  content(bytes: Uint8Array): string;
  /** Of a set of files, given in one fixed order. */
  set(files: Iterable<readonly [path: string, file: { hash: string }]>): string;
}

let loading: Promise<Hasher> | undefined;

/** The WebAssembly is instantiated once per process; not at import, since a bundle has no top-level await. */
export function loadHasher(): Promise<Hasher> {
  loading ??= createHasher();
  return loading;
}

async function createHasher(): Promise<Hasher> {
  const { h64Raw, h64ToString } = await xxhash();
  return {
    content: (bytes) => h64Raw(bytes).toString(16).padStart(16, '0'),
    set(files) {
      // The lengths keep two sets apart whose texts would be equal when run together.
      let text = '';
      for (const [path, { hash }] of files) text += `${path.length}:${path}${hash.length}:${hash}`;
      return h64ToString(text);
    },
  };
}
